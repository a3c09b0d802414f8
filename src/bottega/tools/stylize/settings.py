"""The settings of ``stylize``. Importing this never loads torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from bottega.errors import SettingsError
from bottega.tools.common.tool import Settings, cli_option
from bottega.tools.stylize.methods.registry import (
    AUTO,
    AUTO_METHODS,
    DEFAULT_METHOD,
    METHODS,
    MethodSpec,
    method_descriptions,
    reject_unsupported,
)
from bottega.transfer.optimize.settings import OptimizeSettings

if TYPE_CHECKING:
    MethodName = str
    MethodChoice = str
else:
    MethodName = Literal[tuple(METHODS)]
    MethodChoice = Literal[(*METHODS, AUTO)]


LABELED_SETTINGS = {
    "size": "{}px",
    "strength": "strength{:g}",
    "color_strength": "color{:g}",
    "texture": "texture{:g}",
    "style_scale": "s{:g}",
    "keep_color": "keep-color",
    "seed": "seed{}",
}
"""Settings that are part of the names of results, and how."""


class TransferSettings(OptimizeSettings, Settings):
    """How to stylize, without files: the settings that a recipe records.

    Those of the optimization are declared in :class:`OptimizeSettings`. A setting that the method does not
    support is rejected if it is given.
    """

    heading: ClassVar[str] = "Style transfer"

    method: MethodName = Field(
        DEFAULT_METHOD,
        description=f"style transfer method: {method_descriptions()}",
    )
    model: str | None = Field(
        None,
        description="the network: a .safetensors file, or a name that bottega models list shows; "
        "the default is the one with the name of the method",
    )
    size: int | None = Field(  # type: ignore[assignment]
        None,
        ge=0,
        le=65536,
        description="long side of the result; 0 keeps the content's; the default is "
        + " and ".join(f"{m.default_size} for {m.name}" for m in METHODS.values() if m.default_size)
        + ", the content's for the others",
        json_schema_extra=cli_option(unit="pixels"),
    )
    color_strength: float | None = Field(
        None, ge=0, le=1, description="how far colors move to the style's; the default is --strength"
    )
    texture: float = Field(
        1.0,
        ge=0,
        le=1,
        description="amount of the style's own strokes, dots and grain that is synthesized on the picture; "
        "0 leaves texture to the network",
    )
    # In a recipe this is "picture" if a picture is given; which one is recorded beside the settings.
    start: str = Field(  # type: ignore[assignment]
        "content", description="what the first scale starts from: content, noise, or a picture of any size"
    )
    # A flag is easier to type than the choice of OptimizeSettings; color_method says which way.
    keep_color: bool = Field(False, description="keep the colors of the content")  # type: ignore[assignment]
    color_method: Literal["luminance", "match", "histogram"] = Field(
        "luminance",
        description="how colors are kept: luminance takes only light and dark from the result; match and "
        "histogram first give the styles the content's colors, by mean and covariance or by histogram",
    )
    feather: float = Field(
        0.0,
        ge=0,
        le=1000,
        description="width of the soft edge of masks",
        json_schema_extra=cli_option(unit="pixels of the content"),
    )
    encoder: str = Field(
        "small", description="the network that extracts features, as bottega models list shows it"
    )
    pooling: Literal["average", "max"] | None = Field(
        None,
        description="how the encoder downsamples: average is smoother, max keeps high contrast; "
        "the default is the encoder's own",
    )
    device: str = Field("auto", description="where networks run: auto, cpu, cuda, cuda:1 or mps")
    engine: Literal["auto", "torch", "openvino"] = Field(
        "auto",
        description="what runs the micro network: torch, or openvino (optional package; as fast on small "
        "pictures, slower on large ones); auto is torch",
    )
    precision: Literal["auto", "fp32", "bf16"] = Field("auto", description="number format of the networks")
    threads: int = Field(
        0,
        ge=0,
        le=1024,
        description="0 takes BOTTEGA_THREADS, OMP_NUM_THREADS, or all idle cores",
        json_schema_extra=cli_option(unit="processor threads"),
    )
    quality: int = Field(92, ge=1, le=100, description="of JPEG, WebP and AVIF files; 100 is the best")
    bits: Literal[8, 16] = Field(
        8,
        description="depth of the result; 16 for PNG and TIFF",
        json_schema_extra=cli_option(unit="bits per channel"),
    )

    @model_validator(mode="after")
    def _supported(self) -> Self:
        reject_unsupported(self.methods(), self.model_fields_set)
        return self

    def methods(self) -> Sequence[MethodSpec]:
        """The methods that these settings are for."""
        return [METHODS[self.method]]

    @property
    def label(self) -> str:
        """What differs from the defaults, for the names of results: ``-optimize-s1.5``; empty if nothing."""
        parts = []
        if self.method not in (DEFAULT_METHOD, "fast"):  # the style of a fast network is its name
            parts.append(self.method)
        for name, text in LABELED_SETTINGS.items():
            value = getattr(self, name)
            if value is not None and value != type(self).model_fields[name].default:
                parts.append(text.format(value))
        return "".join(f"-{part}" for part in parts)


class VideoSettings(Settings):
    """How a video is read, stabilized and written."""

    heading: ClassVar[str] = "Video"

    temporal_smoothing: float = Field(
        1.0,
        ge=0,
        le=1,
        description="suppresses flicker between frames: 0 stylizes every frame by itself, 1 is the steadiest",
    )
    frames: bool = Field(
        False, description="treat the content folder as a video; its numbered pictures are the frames"
    )
    frame_rate: float = Field(
        25.0,
        gt=0,
        le=1000,
        description="of a folder of frames; video files and animations have their own",
        json_schema_extra=cli_option(unit="frames per second"),
    )
    codec: Literal["auto", "h264", "vp9", "av1"] = Field(
        "auto",
        description="of the video file: auto is h264, which plays everywhere, and vp9 for .webm; "
        "--quality sets the quality",
    )


class StylizeSettings(TransferSettings, VideoSettings):
    """The settings of the command, with all files."""

    heading: ClassVar[str] = "Pictures"
    help_groups: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "Common": (
            *("style", "output", "method", "strength", "style_scale", "texture", "keep_color", "size"),
            *("sheet", "compare", "overwrite"),
        ),
        "Colors": ("color_strength", "color_method"),
        "Regions": ("region", "protect", "feather"),
        "Your own networks": ("model",),
        "Only for --method optimize": (
            *("checkpoint", "start", "iterations", "last_iterations", "seed"),
            *("content_weight", "style_weight", "region_content_weight", "region_style_weight"),
            *("smoothness", "recolor", "detail", "style_loss", "content_layers", "style_layers"),
            *("first_size", "scale_step", "optimizer", "rate", "average", "tile", "encoder", "pooling"),
        ),
        "Videos": ("temporal_smoothing", "frames", "frame_rate", "codec"),
        "Files and machine": (
            *("quality", "bits", "preview", "preview_every", "device", "engine", "precision", "threads"),
        ),
    }

    method: MethodChoice = Field(
        DEFAULT_METHOD,
        description=f"style transfer method: {AUTO}, chosen by what the picture shows: faces, flat areas; "
        + method_descriptions(),
        json_schema_extra=cli_option(show_choices=False),
    )
    content: Path = Field(
        description="the picture to stylize, a folder of pictures, a video (video file, animation or folder "
        "of frames), or a sample picture: china, flower",
        json_schema_extra=cli_option(positional=True),
    )
    style: list[str] = Field(
        [],
        description="a style picture or the name of a bundled style; may be repeated. painting.jpg:0.4 sets "
        "its weight, painting.jpg:scale=1.5 larger strokes, subject=painting.jpg its region, woodcut@3 a "
        "seed; in videos painting.jpg@5s is the time when it has faded in; for the method multi, a style of "
        "its network",
    )
    region: list[str] = Field(
        [],
        description="where a style applies: subject=mask.png, white is inside; in videos also a folder or a "
        "video of masks; may be repeated",
    )
    region_style_weight: list[str] = Field(
        [],
        description="--style-weight of one region, as a multiple: subject=2, background=0.5; may be repeated",
    )
    region_content_weight: list[str] = Field(
        [], description="--content-weight of one region, as a multiple: subject=2; may be repeated"
    )
    protect: list[str] = Field(
        [], description="what keeps its pixels: a mask, a region's name, or background; may be repeated"
    )
    output: Path | None = Field(
        None,
        description="the file to write (a folder, if the content is one); the default is "
        "<content>-<style>.png in the current folder",
        json_schema_extra=cli_option(short="-o"),
    )
    overwrite: bool = Field(False, description="replace the output if it exists; inputs are never replaced")
    sheet: Path | None = Field(None, description="also write a contact sheet with before, styles and after")
    compare: bool = Field(
        False, description="write a contact sheet with the result of every method that is available"
    )
    preview: Path | None = Field(
        None,
        description="with --method optimize and for videos: write the unfinished picture here at intervals",
    )
    preview_every: float = Field(
        10.0,
        ge=0.1,
        le=3600,
        description="time between previews",
        json_schema_extra=cli_option(unit="seconds"),
    )
    checkpoint: Path | None = Field(
        None, description="save the unfinished optimization in this file, and resume from it if it exists"
    )

    @model_validator(mode="after")
    def _has_style(self) -> Self:
        method = self.methods()[0]
        if not self.style and method.supports("style"):
            raise SettingsError(
                f"The method {method.name} needs --style: a style picture or the name of a bundled style."
            )
        return self

    def methods(self) -> Sequence[MethodSpec]:
        if self.compare:
            return list(METHODS.values())
        return [METHODS[name] for name in AUTO_METHODS] if self.method == AUTO else super().methods()
