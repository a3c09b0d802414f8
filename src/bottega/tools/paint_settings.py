"""How to paint and how to write the picture: the settings that a recipe keeps."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from bottega.tools.tool import Settings, face
from bottega.transfer.settings import OptimizeSettings


class PaintSettings(OptimizeSettings, Settings):
    """Everything about the manner of painting; nothing about where files are.

    What the method itself can be told is declared beside it, in :class:`OptimizeSettings`.
    """

    heading: ClassVar[str] = "Manner of painting"

    method: Literal["optimize"] = Field(
        "optimize", description="how the picture is found: optimize works on every pixel, slow and faithful"
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
        json_schema_extra=face(unit="pixels of the content"),
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
    precision: Literal["auto", "fp32", "bf16"] = Field("auto", description="arithmetic of the networks")
    threads: int = Field(
        0,
        ge=0,
        le=1024,
        description="0 takes BOTTEGA_THREADS, OMP_NUM_THREADS, or all cores",
        json_schema_extra=face(unit="processor threads"),
    )
    quality: int = Field(92, ge=1, le=100, description="of JPEG, WebP and AVIF files; 100 is the best")
    bits: Literal[8, 16] = Field(
        8,
        description="depth of the result; 16 for PNG and TIFF",
        json_schema_extra=face(unit="bits per channel"),
    )

    def for_optimize(self) -> OptimizeSettings:
        """The part that the method takes."""
        values = self.model_dump(include=set(OptimizeSettings.model_fields))
        values["keep_color"] = self.color_method if self.keep_color else "no"
        # A picture is handed over by itself and goes before what is said here.
        values["start"] = "content" if self.start == "picture" else self.start
        return OptimizeSettings(**values)
