"""Every setting of an any-style training, declared once."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from recipes.pairs import PairRecipe


class MicroRecipe(PairRecipe):
    """How an any-style network is trained. The packaged one's values are the defaults."""

    network: Literal["micro", "microast"] = Field(
        "micro",
        description="the packaged network, or the baseline of MicroAST's shape under the very same training",
    )
    steps: int = Field(5_700, ge=1, description="length of the schedule")
    rate: float = Field(1e-3, gt=0, description="peak learning rate of Adam")
    # A picture that is its own style comes back unchanged by construction; there is nothing to learn of it.
    identity_share: float = Field(0.0, ge=0, le=1, description="share of pairs whose style is their content")
    pretext: int = Field(400, ge=0, description="steps in which the trunk first learns what the encoder sees")
    content: float = Field(0.4, ge=0, description="weight of the content loss")
    moments: float = Field(1.0, ge=0, description="weight of the channels' means and deviations")
    sliced: float = Field(2.0, ge=0, description="weight of the sliced Wasserstein distance")
    identity: float = Field(5.0, ge=0, description="weight of staying as it is, where style is content")
    calm: float = Field(0.3, ge=0, description="weight of no fine detail where the content has none")
    stability: float = Field(1.0, ge=0, description="weight of changing only as the content does")
