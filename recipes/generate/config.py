"""Every setting of the packaged generators' training, declared once."""

from __future__ import annotations

from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from bottega.generate.training import GanSettings


class Stage(NamedTuple):
    """One size, and so many steps."""

    size: Literal[32, 64]
    steps: int


class GenerateRecipe(BaseModel):
    """How a packaged generator is trained. The values of the faces are the defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pictures: Literal["faces", "landscapes"] = Field("faces", description="what is learned")
    first_steps: int = Field(
        5_900, ge=1, description="at 32 pixels, where a step costs a third: what is where is learned there"
    )
    steps: int = Field(6_000, ge=1, description="at 64 pixels: how it is painted")
    width: int = Field(24, ge=4, description="channels")
    batch: int = Field(16, ge=2, description="pictures in one step")
    rate: float = Field(3e-4, gt=0, description="peak learning rate of the generator")
    discriminator_rate: float = Field(8e-4, gt=0, description="of the discriminator, which must keep ahead")
    kept_rate: float = Field(
        0.2,
        ge=0,
        le=1,
        description="factor on the rate of what the second stage takes over: its discriminator begins anew, "
        "and at the full rate undid what the first had learned",
    )
    crop: float = Field(0.0, ge=0, description="how much larger than the crop a picture is taken")
    augment_probability: float = Field(0.2, ge=0, le=1, description="of each change, at the start")
    validate_every: int = Field(500, ge=1, description="steps between two validations and sheets")
    seed: int = Field(0, ge=0)

    @property
    def stages(self) -> tuple[Stage, Stage]:
        """Small first; the second takes over what fits of the first."""
        return Stage(32, self.first_steps), Stage(64, self.steps)

    def settings(self, stage: Stage, base: str) -> GanSettings:
        """Those of one stage."""
        return GanSettings(
            size=stage.size,
            steps=stage.steps,
            base=base,
            width=self.width,
            batch=self.batch,
            rate=self.rate,
            discriminator_rate=self.discriminator_rate,
            crop=self.crop,
            kept_rate=self.kept_rate if base else 1.0,
            augment_probability=self.augment_probability,
            validate_every=self.validate_every,
            seed=self.seed,
        )
