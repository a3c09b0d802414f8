"""Style codes, which a network measures of a style image once, and targets, which say how to use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from bottega.errors import PictureError, SettingsError
from bottega.layers import (
    ChannelMoments,
    ColorMoments,
    mix_channel_moments,
    mix_color_moments,
    normalize_weights,
)
from bottega.transfer.texture.patches import TexturePatches, mix_texture_patches
from bottega.transfer.texture.synthesis import TEXTURE_SCALES


@dataclass(frozen=True)
class StyleCode:
    """Statistics of a style image, or of a content image's own features.

    Attributes:
        colors: moments of the pixels.
        layers: moments of the features at each modulated layer of a network, in order.
        texture: patches that are put on an image before the network runs. Only
            :class:`bottega.transfer.feedforward.StyleEngine` and the fine-tuned network use them.
    """

    colors: ColorMoments
    layers: tuple[ChannelMoments, ...]
    texture: tuple[TexturePatches, ...] = ()

    def mean_std_vectors(self) -> tuple[Tensor, Tensor]:
        """Means and standard deviations of all layers, each ``(N, channels of all layers)``, float32."""
        layers = [layer.float() for layer in self.layers]
        means = torch.cat([layer.mean for layer in layers], 1)
        return means, torch.cat([layer.std for layer in layers], 1)


def code_to_tensors(code: StyleCode) -> dict[str, Tensor]:
    """A style code as tensors by name, for a file."""
    tensors: dict[str, Tensor] = {}
    for index, moments in enumerate((code.colors, *code.layers)):
        tensors |= {f"moments.{index}.{name}": value for name, value in vars(moments).items()}
    for index, patches in enumerate(code.texture):
        for name, value in vars(patches).items():
            kind = torch.int64 if isinstance(value, int) else torch.float64
            tensor = value if isinstance(value, Tensor) else torch.tensor(value, dtype=kind)
            tensors[f"texture.{index}.{name}"] = tensor
    return tensors


def code_from_tensors(tensors: Mapping[str, Tensor]) -> StyleCode:
    """The style code of :func:`code_to_tensors`."""
    values: dict[tuple[str, int], dict[str, Any]] = {}
    for key, tensor in tensors.items():
        kind, index, name = key.split(".")
        values.setdefault((kind, int(index)), {})[name] = tensor if tensor.ndim else tensor.item()
    moments = [values[key] for key in sorted(values) if key[0] == "moments"]
    texture = [values[key] for key in sorted(values) if key[0] == "texture"]
    return StyleCode(
        ColorMoments(**moments[0]),
        tuple(ChannelMoments(**each) for each in moments[1:]),
        tuple(TexturePatches(**each) for each in texture),
    )


def mix_style_codes(codes: Sequence[StyleCode], weights: Sequence[float] | None = None) -> StyleCode:
    """Mix styles by their moments.

    Args:
        codes: of one network.
        weights: one for each, at any scale; None weighs all equally.

    Raises:
        SettingsError: the weights do not fit.
    """
    shares = normalize_weights(weights, len(codes))
    layers = zip(*(code.layers for code in codes), strict=True)
    return StyleCode(
        mix_color_moments([code.colors for code in codes], shares),
        tuple(mix_channel_moments(layer, shares) for layer in layers),
        mix_texture_patches([code.texture for code in codes], shares),
    )


@dataclass(frozen=True)
class StyleTarget:
    """How to stylize an image, or one region of it.

    Attributes:
        code: the style; None leaves the region unchanged.
        strength: in [0, 1], of the style as a whole; 0 leaves the image as it is.
        color_strength: in [0, 1], of the color transfer; None means ``strength``.
        mask: ``(1, 1, H, W)`` in [0, 1] at the content's size; the masks of an image's targets add up to one
            (:func:`bottega.transfer.regions.partition`). None is the whole image.
        texture_amount: in [0, 1], multiplied by ``strength``.
        texture_offset: pixels down and across from the origin of the scene to the image's corner: texture
            then follows a panning camera.
        texture_scale: size of the texture relative to the style image, one of
            :data:`bottega.transfer.texture.TEXTURE_SCALES`; for images much larger than their styles.
    """

    code: StyleCode | None
    strength: float = 1.0
    color_strength: float | None = None
    mask: Tensor | None = None
    texture_amount: float = 1.0
    texture_offset: tuple[int, int] = (0, 0)
    texture_scale: int = 1

    def __post_init__(self) -> None:
        for name in ("strength", "color_strength", "texture_amount"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise SettingsError(f"{name} must be between 0 and 1, not {value}.")
        if self.texture_scale not in TEXTURE_SCALES:
            raise SettingsError(f"texture_scale must be one of {TEXTURE_SCALES}, not {self.texture_scale}.")

    @property
    def effective_color_strength(self) -> float:
        """``color_strength``, or ``strength`` where it is None."""
        return self.strength if self.color_strength is None else self.color_strength


def check_targets(targets: Sequence[StyleTarget], content: Tensor, channels: tuple[int, ...]) -> None:
    """Check that targets, their masks and their codes fit a content image and a network.

    Args:
        channels: of the network's modulated layers.

    Raises:
        SettingsError: no target, several of which one has no mask, or a code of another network.
        PictureError: the content is not ``(N, 3, H, W)``, or a mask has another size or is used with N > 1.
    """
    check_image("content", content)
    if not targets or (len(targets) > 1 and any(target.mask is None for target in targets)):
        raise SettingsError("Use one target for the whole picture, or several that each have a mask.")
    for target in targets:
        if target.mask is not None:
            check_mask(target.mask, content)
        if target.code is not None:
            code_channels = tuple(layer.first.shape[1] for layer in target.code.layers)
            if code_channels != channels:
                raise SettingsError(
                    f"This style code has the channels {code_channels}, the network {channels}; "
                    "encode the style with the network that uses it."
                )


def check_mask(mask: Tensor, image: Tensor) -> None:
    """Raise PictureError unless ``mask`` is ``(1, 1, H, W)`` for one ``image (1, 3, H, W)``."""
    height, width = image.shape[-2:]
    if mask.shape != (1, 1, height, width):
        raise PictureError(
            f"A mask must have the shape (1, 1, {height}, {width}), the size of its picture, "
            f"not {tuple(mask.shape)}."
        )
    if len(image) != 1:
        raise PictureError(f"Masks need one picture at a time, not {len(image)}.")


def check_image(name: str, image: Tensor) -> None:
    """Raise PictureError unless ``image`` is ``(N, 3, H, W)`` and not empty."""
    if image.ndim != 4 or image.shape[1] != 3 or 0 in image.shape:
        raise PictureError(f"A {name} picture must have the shape (N, 3, H, W), not {tuple(image.shape)}.")
