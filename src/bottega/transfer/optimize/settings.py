"""All settings of style transfer by optimization. Importing this module does not load torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

StyleLoss = Literal["wasserstein", "sliced", "gram"]
OptimizerName = Literal["auto", "adam", "lbfgs"]
KeepColor = Literal["no", "luminance", "match", "histogram"]


class OptimizeSettings(BaseModel):
    """Settings of :func:`.runner.optimize`; each is an option of ``bottega stylize``."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    size: int = Field(
        512, ge=0, le=65536, description="long side of the result in pixels; 0 keeps the content's"
    )
    strength: float = Field(
        1.0, ge=0, le=1, description="strength of the style: 0 is the content, 1 the full style"
    )
    style_scale: float = Field(
        1.0, gt=0, le=8, description="stroke size: the style's long side as a multiple of the result's"
    )
    keep_color: KeepColor = Field(
        "no",
        description="keep the content's colors: luminance (only light and dark change), "
        "match or histogram (the style is recolored first, by mean and covariance or whole distribution)",
    )
    recolor: bool = Field(
        True,
        description="transfer the style's colors to the content first (ignored with keep_color)",
    )
    content_weight: float = Field(0.12, ge=0, le=1e6, description="weight of the content loss")
    style_weight: float = Field(1.0, ge=0, le=1e6, description="weight of the style loss")
    smoothness: float = Field(0.1, ge=0, le=1e6, description="weight of total variation")
    style_loss: StyleLoss = Field(
        "wasserstein",
        description="statistics compared: wasserstein (mean, covariance), sliced (distributions) or gram",
    )
    content_layers: dict[str, float] | None = Field(
        None, description="encoder layers that carry content, with weights; the default is the encoder's own"
    )
    style_layers: dict[str, float] | None = Field(
        None, description="encoder layers that carry style, with weights; the default is the encoder's own"
    )
    iterations: int = Field(
        25,
        ge=1,
        description="steps at each scale but the last; scales above 1024 pixels take proportionally fewer",
    )
    last_iterations: int = Field(15, ge=1, description="steps at the last, largest scale; likewise")
    first_size: int = Field(128, ge=16, description="long side of the coarsest scale")
    scale_step: float = Field(2**0.5, ge=1.05, le=4, description="factor between scales")
    optimizer: OptimizerName = Field(
        "auto",
        description="lbfgs (needs the fewest steps), adam (needs the least memory) or auto: lbfgs up to "
        "2.4 megapixels, adam above that and for the sliced loss, which samples anew at every step",
    )
    rate: float = Field(0.03, gt=0, le=1, description="step size of Adam, in units of the picture")
    average: float = Field(
        0.9, ge=0, lt=1, description="decay of the averaged iterate that becomes the result"
    )
    start: Literal["content", "noise"] = Field("content", description="what the first scale starts from")
    start_noise: float = Field(
        0.05,
        ge=0,
        le=1,
        description="noise in the content at the first scale: without it strokes in flat areas repeat the "
        "edges nearby, like the teeth of a comb",
    )
    detail: float = Field(
        0.3,
        ge=0,
        le=1,
        description="share of the content's fine detail that is added whenever the picture is enlarged",
    )
    seed: int = Field(0, ge=0, description="of noise, directions and tile shifts")
    tile: int = Field(
        0,
        ge=0,
        description="side of the tiles for large pictures; 0 is automatic: no tiles up to 2.4 megapixels, "
        "then 1024",
    )

    @field_validator("content_layers", "style_layers")
    @classmethod
    def _check_weights(cls, layers: dict[str, float] | None) -> dict[str, float] | None:
        if layers is not None and (
            min(layers.values(), default=-1) < 0 or not 0 < sum(layers.values()) <= 1e6
        ):
            raise ValueError(
                "layer weights must be 0 or more, one of them above 0, and at most a million in all"
            )
        return layers
