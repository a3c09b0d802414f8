"""Every setting of the paper's tables, declared once."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PaperRecipe(BaseModel):
    """The settings of all tables. Every model gets the same pictures, size and time."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    size: int = Field(64, ge=32, le=128, description="side of the generated pictures: 32, 64 or 128")
    minutes: float = Field(30.0, gt=0, description="training time of each model on each set of pictures")
    steps: int = Field(0, ge=0, description="training steps instead, for trials; 0 uses minutes")
    samples: int = Field(500, ge=8, description="pictures that each model generates for the metrics")
    pairs: int = Field(100, ge=4, description="samples and conditions of the personalization match")
    refine: int = Field(24, ge=0, description="steps of refinement in an adjustment")
    width: int = Field(24, ge=4, multiple_of=4, description="channels of every model")
    batch: int = Field(16, ge=2, description="pictures per step")
    rules_side: int = Field(
        400, ge=96, le=2048, description="side at which the bundled styles draw (tables 1, 2)"
    )
    seed: int = Field(0, ge=0, description="of weights, noise, samples and intervals")
