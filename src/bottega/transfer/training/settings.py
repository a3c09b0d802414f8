"""Every setting of training a network on given styles, declared once. Importing this never loads torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

CHANGEABLE_ON_RESUME = ("minutes", "steps")
"""Settings that may change when a training resumes; all others belong to the run."""


class FitSettings(BaseModel):
    """Settings of every training; see :func:`bottega.transfer.training.fit.build_trainer`."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    minutes: float = Field(
        20.0, gt=0, le=10080, description="how long to train; the learning rate decays towards the end"
    )
    steps: int = Field(0, ge=0, le=10**8, description="train for so many steps instead; 0 uses minutes")
    size: int = Field(160, ge=32, le=1024, multiple_of=16, description="side of the training crops in pixels")
    batch: int = Field(4, ge=1, le=256, description="crops in one step")
    style_size: int = Field(
        512,
        ge=64,
        le=4096,
        description="long side to which the style is resized: larger gives larger strokes",
    )
    content_weight: float = Field(1.0, ge=0, le=1e6, description="weight of the content loss")
    style_weight: float = Field(3.0, ge=0, le=1e6, description="weight of the style loss")
    smoothness: float = Field(0.5, ge=0, le=1e6, description="weight of total variation")
    rate: float = Field(1e-3, gt=0, le=1, description="peak learning rate of Adam")
    encoder: str = Field("small", description="name of the encoder that the losses use")
    seed: int = Field(0, ge=0, description="of weights, crops and directions")


class SingleStyleSettings(FitSettings):
    """A network for one style."""

    network: Literal["fast", "micro"] = Field(
        "micro",
        description="micro adds texture patches of the style and fine-tunes the packaged network, which "
        "takes a fraction of the work per picture; fast is the transformer net of Johnson et al.",
    )
    base: str = Field(
        "",
        description="weights to start from, a name or a file; empty takes the packaged ones",
    )
    width: int = Field(16, ge=1, le=128, description="channels of a new fast network at full size")


class MultiStyleSettings(FitSettings):
    """One network for several styles."""

    width: int = Field(16, ge=1, le=128, description="channels at full size; 32 is the literature's")
    blocks: int = Field(5, ge=0, le=16, description="residual blocks; 5 is the literature's")
