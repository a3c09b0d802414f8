"""Every setting of an any-style training, declared once."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from recipes.pairs import PairRecipe


class MicroRecipe(PairRecipe):
    """How an any-style network is trained. The packaged one's values are the defaults."""

    network: Literal["micro", "microast"] = Field(
        "micro", description="ours, or the baseline of MicroAST's shape under the very same training"
    )
    content: float = Field(1.0, ge=0, description="weight of the content loss")
    moments: float = Field(1.5, ge=0, description="weight of the channels' means and deviations")
    sliced: float = Field(3.0, ge=0, description="weight of the sliced Wasserstein distance")
    identity: float = Field(5.0, ge=0, description="weight of staying as it is, where style is content")
    stability: float = Field(20.0, ge=0, description="weight of changing only as the content does")
