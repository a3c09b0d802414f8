"""Every setting of the packaged generators' training, declared once."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bottega.generation.training import GanSettings


class GenerateRecipe(BaseModel):
    """How a packaged generator is trained. The values of the faces are the defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pictures: Literal["faces", "landscapes"] = Field("faces", description="training set")
    size: Literal[32, 64, 128] = Field(64, description="side of the pictures")
    steps: int = Field(18_000, ge=1, description="number of steps")
    grow: float = Field(
        10 / 18, ge=0, lt=1, description="share of the steps on smaller pictures, which cost less"
    )
    width: int = Field(24, ge=4, description="channels")
    batch: int = Field(16, ge=2, description="pictures per step")
    rate: float = Field(3e-4, gt=0, description="peak learning rate of the generator")
    discriminator_rate: float = Field(8e-4, gt=0, description="peak learning rate of the discriminator")
    crop: float = Field(
        0.0, ge=0, description="size of the area that crops are taken from, relative to the crop, minus 1"
    )
    augment_probability: float = Field(
        0.2, ge=0, le=1, description="initial probability of each augmentation"
    )
    validate_every: int = Field(500, ge=1, description="steps between two validations and sheets")
    seed: int = Field(0, ge=0)

    @property
    def settings(self) -> GanSettings:
        """The settings of the training."""
        return GanSettings(**self.model_dump(exclude={"pictures"}))
