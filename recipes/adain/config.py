"""All settings of a training of the AdaIN decoder."""

from __future__ import annotations

from pydantic import Field

from recipes.pairs import PairRecipe


class AdaINRecipe(PairRecipe):
    """How the decoder is trained."""

    steps: int = Field(8000, ge=1, description="length of the schedule")
    rate: float = Field(1e-3, gt=0, description="peak learning rate of Adam")
    identity_share: float = Field(0.0, ge=0, le=1, description="share of pairs whose style is their content")
    partial_share: float = Field(0.0, ge=0, le=0, description="the paper trains at full strength only")
    noise: float = Field(0.0, ge=0, le=0, description="not used: the losses need a single frame")
    content: float = Field(1.0, ge=0, description="weight of the content loss")
    style: float = Field(5.0, ge=0, description="weight of the style loss")
