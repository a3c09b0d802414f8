"""What every recipe that trains on pairs of content and style can be told."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PairRecipe(BaseModel):
    """How pairs are drawn, and how long a training is; recipes add their losses and change the defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clean: bool = Field(True, description="only pictures whose licence lets the weights be passed on")
    encoder: str = Field("small", description="name of the encoder's weights that the losses look through")
    batch: int = Field(4, ge=1, description="pairs of content and style in a batch")
    size: int = Field(128, ge=32, multiple_of=16, description="side of a crop, pixels")
    short_side: int = Field(384, ge=64, description="shorter side to which pictures are reduced, pixels")
    steps: int = Field(40_000, ge=1, description="length of the schedule")
    rate: float = Field(5e-4, gt=0, description="peak learning rate of Adam")
    identity_share: float = Field(0.08, ge=0, le=1, description="share of pairs whose style is their content")
    partial_share: float = Field(0.25, ge=0, le=1, description="share of pairs with a strength below 1")
    content_window: tuple[float, float] = Field(
        (1.0, 2.5), description="side of the content's piece as a multiple of size, smallest and largest"
    )
    style_window: tuple[float, float] = Field(
        (0.8, 3.0), description="side of the style's piece, likewise: how large strokes come out"
    )
    noise: float = Field(0.02, ge=0, description="deviation of the noise between two frames")
    seed: int = Field(0, ge=0, description="of weights, batches and crops")
