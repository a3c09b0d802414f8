"""Every setting of the packaged generators' training, declared once."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bottega.generate.training import GanSettings


class Stage(BaseModel):
    """One size; what fits of the size before is taken over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: Literal[32, 64, 128]
    steps: int = Field(ge=1)


class GenerateRecipe(BaseModel):
    """How a packaged generator is trained. The values of the faces are the defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pictures: Literal["faces", "landscapes"] = Field("faces", description="what is learned")
    stages: tuple[Stage, ...] = Field(
        (Stage(size=32, steps=400), Stage(size=64, steps=8_000)),
        description="small first, where a step costs a third: what is where; then how it is painted",
    )
    width: int = Field(24, ge=4, description="channels")
    batch: int = Field(16, ge=2, description="pictures in one step")
    rate: float = Field(5e-4, gt=0, description="peak learning rate of both networks")
    crop: float = Field(0.0, ge=0, description="how much larger than the crop a picture is taken")
    augment_probability: float = Field(0.7, ge=0, le=1, description="of each change, at the start")
    validate_every: int = Field(100, ge=1, description="steps between two validations and sheets")
    seed: int = Field(0, ge=0)

    def settings(self, stage: Stage, base: str) -> GanSettings:
        """Those of one stage."""
        return GanSettings(
            size=stage.size,
            steps=stage.steps,
            base=base,
            width=self.width,
            batch=self.batch,
            rate=self.rate,
            discriminator_rate=self.rate,
            crop=self.crop,
            augment_probability=self.augment_probability,
            validate_every=self.validate_every,
            seed=self.seed,
        )
