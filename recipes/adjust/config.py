"""Every setting of a training of the adjustment network, declared once."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class AdjustRecipe(BaseModel):
    """How the adjustment network is trained. The packaged one's values are the defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clean: bool = Field(True, description="only pictures whose license lets the weights be passed on")
    width: int = Field(128, ge=4, multiple_of=4, description="channels of the network at 8 × 8")
    blocks: int = Field(2, ge=1, description="its residual blocks")
    batch: int = Field(2, ge=1, description="pictures in a batch")
    short_side: int = Field(224, ge=192, description="shorter side to which pictures are reduced, pixels")
    steps: int = Field(2000, ge=1, description="length of the schedule")
    rate: float = Field(5e-4, gt=0, description="peak learning rate of Adam")
    warmup: int = Field(30, ge=0, description="steps in which the rate rises")
    average: float = Field(0.98, ge=0, lt=1, description="decay of the weights' moving average")
    network_steps: int = Field(3, ge=1, description="steps of the network, each with a loss")
    all_share: float = Field(
        0.5, ge=0, le=1, description="share of pictures of which every attribute is requested"
    )
    one_share: float = Field(0.25, ge=0, le=1, description="share of which a single attribute is requested")
    seed: int = Field(0, ge=0, description="of weights, batches and crops")
