"""From a pipeline to what stylizes frames: engine, style codes over time, and masks."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import torch
from torch import Tensor

from bottega import pictures
from bottega.errors import SettingsError
from bottega.tools.stylize.methods.micro import MicroMethod, texture_scale
from bottega.tools.stylize.pipeline import StylizePipeline
from bottega.tools.stylize.settings import TransferSettings
from bottega.transfer.color_transfer import luminance_transfer
from bottega.transfer.feedforward import StyleCode
from bottega.transfer.regions import Style
from bottega.transfer.video import RegionSchedule, RegionTrack, StyleTimeline, VideoStylizer
from bottega.video import MaskTrack, UInt8Array


def open_video_method(settings: TransferSettings) -> MicroMethod:
    """The method of some settings.

    Raises:
        SettingsError: the method or a setting does not support videos.
    """
    if settings.method not in ("micro", "photo"):
        raise SettingsError(
            f"The method {settings.method} stylizes every frame by itself, which flickers; "
            "for videos use micro or photo."
        )
    if settings.bits == 16:
        raise SettingsError("The frames of a video have 8 bits per channel; leave --bits out.")
    if settings.keep_color and settings.color_method != "luminance":
        raise SettingsError(
            f"--color-method {settings.color_method} would recolor the styles with every frame; "
            "use luminance for videos."
        )
    return MicroMethod(settings)


def build_stylizer(
    pipeline: StylizePipeline,
    masks: Mapping[str, MaskTrack],
    *,
    size: tuple[int, int],
    start_time: Fraction,
    temporal_smoothing: float,
) -> VideoStylizer:
    """Encode the styles and combine them with the masks.

    Args:
        pipeline: of a method from :func:`open_video_method`.
        masks: of the plan's regions.
        size: (height, width) of the frames.
        start_time: of the first frame.
    """
    method, plan = pipeline.method, pipeline.plan
    assert isinstance(method, MicroMethod)
    codes: dict[str, list[tuple[float, StyleCode, float]]] = {}
    for spec, picture in zip(plan.styles, pipeline.style_pictures, strict=True):
        if spec.weight > 0:
            style = Style(picture.pixels, spec.weight, spec.scale, picture.alpha)
            code = method.codes.of_style(style, max(size))
            codes.setdefault(spec.region, []).append((spec.start_seconds or 0.0, code, spec.weight))
    tracks = [
        RegionTrack(
            region.name,
            None if region.protect else StyleTimeline.from_weighted_styles(codes[region.name]),
            masks.get(region.name),
        )
        for region in plan.regions
    ]
    settings = method.requested
    schedule = RegionSchedule(
        tracks,
        settings.strength,
        settings.color_strength,
        settings.feather,
        start_time,
        settings.texture,
        texture_scale(max(size)),
    )
    postprocess = _with_colors_of if settings.keep_color else None
    return VideoStylizer(method.engine, schedule, temporal_smoothing, postprocess=postprocess)


def _with_colors_of(output: UInt8Array, content: UInt8Array) -> UInt8Array:
    """The luminance of the output with the colors of the content."""
    pixels, content_pixels = (pictures.as_picture(frame).pixels for frame in (output, content))
    return to_bytes(luminance_transfer(pixels, content_pixels))


def to_bytes(picture: Tensor) -> UInt8Array:
    """``(1, 3, H, W)`` in [0, 1] as ``(H, W, 3)`` uint8."""
    rounded = picture[0].permute(1, 2, 0).clamp(0, 1).mul(255).round_()
    return rounded.to(torch.uint8).contiguous().numpy()
