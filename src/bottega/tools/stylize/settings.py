"""How to paint and how to write the picture: the settings that a recipe keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from bottega.tools.common.tool import Settings, cli_option
from bottega.tools.stylize.methods import DEFAULT_METHOD, METHODS, Method
from bottega.tools.stylize.methods.base import refuse_foreign
from bottega.transfer.optimize.settings import OptimizeSettings

if TYPE_CHECKING:
    MethodName = str
else:
    MethodName = Literal[tuple(METHODS)]


class PaintSettings(OptimizeSettings, Settings):
    """Everything about the manner of painting; nothing about where files are.

    What the optimisation can be told is declared beside it, in :class:`OptimizeSettings`; which settings a
    method honours is declared with the method, and one that it cannot honour is refused where it was given.
    """

    heading: ClassVar[str] = "Manner of painting"

    method: MethodName = Field(
        DEFAULT_METHOD,
        description="how to paint: " + "; ".join(f"{m.name}, {m.summary}" for m in METHODS.values()),
    )
    model: str | None = Field(
        None,
        description="the network that paints: a .safetensors file, or a name that bottega models list shows; "
        "none takes the one called like the method",
    )
    size: int | None = Field(  # type: ignore[assignment]
        None,
        ge=0,
        le=65536,
        description="long side of the result; 0 keeps the content's; none is "
        + " and ".join(f"{m.size} for {m.name}" for m in METHODS.values() if m.size)
        + ", the content's for the others",
        json_schema_extra=cli_option(unit="pixels"),
    )
    color_strength: float | None = Field(
        None, ge=0, le=1, description="how far colours go; none goes as far as --strength"
    )
    marks: float = Field(
        1.0,
        ge=0,
        le=1,
        description="how much of the style's own strokes, dots and grain is laid on the picture; 0 "
        "leaves the style to the network",
    )
    # In a recipe this is "picture" where it is one: which, stands beside the settings, as for every input.
    start: str = Field(  # type: ignore[assignment]
        "content", description="what the first scale starts from: content, noise, or a picture of any size"
    )
    # A flag is easier to type than the three-way choice of the method; color_method says which way.
    keep_color: bool = Field(False, description="keep the colours of the content")  # type: ignore[assignment]
    color_method: Literal["luminance", "match", "histogram"] = Field(
        "luminance",
        description="how colours are kept: luminance takes only light and dark from the result, "
        "match and histogram give the styles the content's colours first, by mean and covariance or wholly",
    )
    feather: float = Field(
        0.0,
        ge=0,
        le=1000,
        description="how soft the edges of masks become",
        json_schema_extra=cli_option(unit="pixels of the content"),
    )
    encoder: str = Field(
        "small", description="the network that looks at pictures, as bottega models list shows it"
    )
    pooling: Literal["average", "max"] | None = Field(
        None,
        description="how the encoder halves what it sees: average is smoother, max keeps what stands out; "
        "none takes the encoder's own",
    )
    device: str = Field("auto", description="where networks run: auto, cpu, cuda, cuda:1 or mps")
    engine: Literal["auto", "torch", "openvino"] = Field(
        "auto",
        description="what runs the micro network: torch, or openvino (an extra; as quick on small pictures, "
        "slower on large ones); auto takes torch",
    )
    precision: Literal["auto", "fp32", "bf16"] = Field("auto", description="arithmetic of the networks")
    threads: int = Field(
        0,
        ge=0,
        le=1024,
        description="0 takes BOTTEGA_THREADS, OMP_NUM_THREADS, or all cores",
        json_schema_extra=cli_option(unit="processor threads"),
    )
    quality: int = Field(92, ge=1, le=100, description="of JPEG, WebP and AVIF files; 100 is the best")
    bits: Literal[8, 16] = Field(
        8,
        description="depth of the result; 16 for PNG and TIFF",
        json_schema_extra=cli_option(unit="bits per channel"),
    )

    @model_validator(mode="after")
    def _honoured(self) -> Self:
        refuse_foreign(self.methods(), self.model_fields_set, METHODS.values())
        return self

    def methods(self) -> Sequence[Method]:
        """Those that these settings are for."""
        return [METHODS[self.method]]
