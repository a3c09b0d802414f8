"""What every perceptual encoder offers: named layers, and features at just those that are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.errors import SettingsError, WeightsError

PIXELS = "pixels"
"""The layer before the first, in every encoder: the picture itself, whose statistics are the palette."""

TONES = "tones"
"""Likewise: mean colours of blocks of 8 × 8 pixels. As content they hold the colours of large areas."""

TONE_STRIDE = 8
NO_NETWORK = frozenset({PIXELS, TONES})


class Encoder(nn.Module):
    """A network that is only looked through, never at: pictures in, features of named layers out.

    Subclasses fill the attributes and implement :meth:`features_at`.

    Attributes:
        name: what recipes and error messages call it.
        layers: all layer names, shallow to deep, without :data:`PIXELS` and :data:`TONES`, which
            may be asked for as well.
        channels: channels of each layer.
        strides: input pixels per feature position of each layer.
        reach: how many input pixels to each side a feature depends on (half the receptive field,
            rounded up); tiles need this much context.
        content_layers: layers that describe *what* is shown, with weights that sum to one.
        style_layers: layers that describe the *manner*, with weights that sum to one.
    """

    name: str
    layers: tuple[str, ...]
    channels: Mapping[str, int]
    strides: Mapping[str, int]
    reach: Mapping[str, int]
    content_layers: Mapping[str, float]
    style_layers: Mapping[str, float]

    # ImageNet statistics, which all published encoders expect; our own overrides them.
    mean: ClassVar[tuple[float, float, float]] = (0.485, 0.456, 0.406)
    std: ClassVar[tuple[float, float, float]] = (0.229, 0.224, 0.225)

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("_mean", torch.tensor(self.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("_std", torch.tensor(self.std).view(1, 3, 1, 1), persistent=False)

    def forward(self, pictures: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Features of ``pictures`` at ``layers``; nothing deeper than the deepest of them is computed.

        Args:
            pictures: ``(N, 3, H, W)``, sRGB in [0, 1]; any float type (converted to the weights' type).
            layers: names out of :attr:`layers`.

        Returns:
            For each name ``(N, channels[name], ceil(H / stride), ceil(W / stride))``, in the weights' type.

        Raises:
            SettingsError: a layer is unknown or none was asked for.
        """
        wanted = self.check_layers(layers)
        found = {PIXELS: pictures} if PIXELS in wanted else {}
        if TONES in wanted:
            found[TONES] = F.avg_pool2d(pictures, TONE_STRIDE, ceil_mode=True, count_include_pad=False)
        if wanted <= NO_NETWORK:
            return found
        mean, std = self.get_buffer("_mean"), self.get_buffer("_std")
        # Subtract in the pictures' own precision: bf16 pictures would lose the lower bits of 8.
        scaled = (pictures - mean.to(pictures.dtype)) / std.to(pictures.dtype)
        return found | self.features_at(scaled.to(self.dtype), wanted - NO_NETWORK)

    def features_at(self, scaled: Tensor, wanted: frozenset[str]) -> dict[str, Tensor]:
        """Features of already scaled pictures; each subclass walks its own modules."""
        raise TypeError(f"{type(self).__name__} does not define features_at().")

    @property
    def dtype(self) -> torch.dtype:
        """The type that the network computes in: that of its weights."""
        return next(self.parameters()).dtype

    def check_layers(self, layers: Iterable[str]) -> frozenset[str]:
        """The asked names as a set, or one clear sentence."""
        wanted = frozenset(layers)
        unknown = sorted(wanted - NO_NETWORK - frozenset(self.layers))
        if unknown:
            raise SettingsError(
                f"The encoder {self.name} has no layer {unknown[0]!r}; it has {', '.join(self.layers)}."
            )
        if not wanted:
            raise SettingsError(f"No layer of the encoder {self.name} was asked for; name at least one.")
        return wanted

    @property
    def own_style_layers(self) -> dict[str, float]:
        """The style layers that the network itself computes, equally weighted: what measures look at.

        Painting wants the palette and weights that fall with depth; telling manners apart wants neither.
        """
        return shares({name: 1.0 for name in self.style_layers if name not in NO_NETWORK})

    def load_features(self, state: Mapping[str, Tensor]) -> None:
        """Take this encoder's tensors out of a state dict (a published file also carries a classifier).

        Raises:
            WeightsError: a tensor is missing or of another shape; nothing is loaded then.
        """
        own = self.state_dict()
        for key, tensor in own.items():
            given = state.get(key)
            if given is None or given.shape != tensor.shape:
                found = "is missing" if given is None else f"has the shape {tuple(given.shape)}"
                raise WeightsError(
                    f"These weights do not fit the encoder {self.name}: {key} {found}, "
                    f"where {tuple(tensor.shape)} is needed."
                )
        self.load_state_dict({key: state[key].float() for key in own})

    def frozen(self) -> Encoder:
        """Itself in evaluation mode with constant weights, so that gradients go to pictures only."""
        return self.eval().requires_grad_(False)


def without_network() -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """Channels, strides and reach of the layers that need no network, for subclasses to go on from."""
    return {PIXELS: 3, TONES: 3}, {PIXELS: 1, TONES: TONE_STRIDE}, {PIXELS: 0, TONES: TONE_STRIDE}


def shares(weights: Mapping[str, float]) -> dict[str, float]:
    """Layer weights, scaled to sum to one."""
    total = sum(weights.values())
    return {layer: weight / total for layer, weight in weights.items()}


@dataclass(frozen=True)
class Field:
    """Feature ``i`` sees the input pixels from ``i * stride - before`` to ``i * stride + after``."""

    stride: int = 1
    before: int = 0
    after: int = 0

    def then(self, kernel: int, stride: int = 1, padding: int = 0) -> Field:
        """The field after a convolution or a pooling on top of this one; ``padding`` is that at the start."""
        return Field(
            stride=self.stride * stride,
            before=self.before + padding * self.stride,
            after=self.after + (kernel - 1 - padding) * self.stride,
        )

    @property
    def reach(self) -> int:
        """Input pixels that a tile needs to each side."""
        return max(self.before, self.after)
