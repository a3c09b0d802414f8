"""Every setting of training a network on given styles, declared once. Importing this never loads torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

ANSWERS = ("minutes", "steps")
"""Settings that may differ when a training goes on; all others belong to the run."""


class FitSettings(BaseModel):
    """What :func:`bottega.transfer.training.fit.prepare` is told, whatever network it trains."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    minutes: float = Field(
        20.0, gt=0, le=10080, description="how long to train; the learning rate falls as the time ends"
    )
    steps: int = Field(
        0, ge=0, le=10**8, description="train so many steps instead, however long they take; 0 goes by time"
    )
    size: int = Field(160, ge=32, le=1024, multiple_of=16, description="side of the crops that are painted")
    batch: int = Field(4, ge=1, le=256, description="crops in one step")
    style_size: int = Field(
        512,
        ge=64,
        le=4096,
        description="long side to which the style is brought: larger gives larger strokes",
    )
    content_weight: float = Field(1.0, ge=0, le=1e6, description="pull towards what the photograph shows")
    style_weight: float = Field(3.0, ge=0, le=1e6, description="pull towards the style's statistics")
    smoothness: float = Field(0.5, ge=0, le=1e6, description="weight of total variation")
    rate: float = Field(1e-3, gt=0, le=1, description="peak learning rate of Adam")
    encoder: str = Field("small", description="name of the encoder's weights that the losses look through")
    seed: int = Field(0, ge=0, description="of weights, crops and directions")


class OneStyle(FitSettings):
    """A network for one style."""

    network: Literal["fast", "micro"] = Field(
        "micro",
        description="micro lays the style's own marks and fits our own network to them, a fraction of the "
        "work per picture; fast is the transformer net of Johnson et al., which learns all by itself",
    )
    base: str = Field(
        "",
        description="weights to start from, a name or a file; else the packaged ones",
    )
    width: int = Field(16, ge=1, le=128, description="channels of a new fast network at full size")


class ManyStyles(FitSettings):
    """One network for several styles."""

    width: int = Field(16, ge=1, le=128, description="channels at full size; 32 is the literature's")
    blocks: int = Field(5, ge=0, le=16, description="residual blocks; 5 is the literature's")
