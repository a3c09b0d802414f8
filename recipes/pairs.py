"""Settings shared by all recipes that train on pairs of content and style."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PairRecipe(BaseModel):
    """Sampling of pairs and length of training; recipes add their losses and change the defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clean: bool = Field(
        True, description="use only pictures whose license allows distribution of the weights"
    )
    encoder: str = Field("small", description="weights of the encoder for the losses")
    batch: int = Field(4, ge=1, description="pairs of content and style in a batch")
    size: int = Field(128, ge=32, multiple_of=16, description="side of a crop, pixels")
    short_side: int = Field(384, ge=64, description="shorter side of the resized pictures, pixels")
    steps: int = Field(40_000, ge=1, description="number of training steps")
    rate: float = Field(5e-4, gt=0, description="peak learning rate of Adam")
    identity_share: float = Field(0.08, ge=0, le=1, description="share of pairs whose style is their content")
    partial_share: float = Field(0.25, ge=0, le=1, description="share of pairs with a strength below 1")
    content_window: tuple[float, float] = Field(
        (1.0, 2.5), description="side of the content crop as a multiple of size, minimum and maximum"
    )
    style_window: tuple[float, float] = Field(
        (0.8, 3.0), description="side of the style crop, likewise; decides the size of strokes"
    )
    noise: float = Field(0.02, ge=0, description="standard deviation of the noise between two frames")
    seed: int = Field(0, ge=0, description="of weights, batches and crops")
