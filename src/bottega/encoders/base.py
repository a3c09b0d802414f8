"""The encoder interface: named layers, features at just the requested ones, and receptive fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.errors import SettingsError, WeightsError
from bottega.layers import normalize_weights

PIXELS = "pixels"
"""The layer before the first, in every encoder: the picture itself, whose statistics are the palette."""

TONES = "tones"
"""Likewise: mean colors of blocks of 8 × 8 pixels. As content they hold the colors of large areas."""

TONE_STRIDE = 8
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # published encoders expect these
IMAGE_LAYERS = frozenset({PIXELS, TONES})
"""Layers that need no network."""


@dataclass(frozen=True)
class ReceptiveField:
    """Feature ``i`` depends on the input pixels ``i * stride - before`` to ``i * stride + after``."""

    stride: int = 1
    before: int = 0
    after: int = 0

    def then(self, kernel: int, stride: int = 1, padding: int = 0) -> ReceptiveField:
        """The field after a convolution or a pooling on top of this one; ``padding`` is that at the start."""
        return ReceptiveField(
            stride=self.stride * stride,
            before=self.before + padding * self.stride,
            after=self.after + (kernel - 1 - padding) * self.stride,
        )

    @property
    def reach(self) -> int:
        """Input pixels that a tile needs to each side."""
        return max(self.before, self.after)


class Encoder(nn.Module):
    """A frozen network that maps pictures to features of named layers.

    Subclasses call :meth:`add_layer` for each layer, set the other attributes and implement
    :meth:`forward_layers`.

    Attributes:
        name: in recipes and error messages.
        layers: all layer names, shallow to deep, without :data:`PIXELS` and :data:`TONES`, which every
            encoder offers as well.
        channels: channels of each layer.
        strides: input pixels per feature position of each layer.
        reach: how many input pixels to each side a feature depends on (half the receptive field,
            rounded up); tiles need this much context.
        content_layers: layers that describe the objects in the picture, with weights that sum to one.
        style_layers: layers that describe the style, with weights that sum to one.
    """

    name: str
    layers: tuple[str, ...]
    channels: dict[str, int]
    strides: dict[str, int]
    reach: dict[str, int]
    content_layers: Mapping[str, float]
    style_layers: Mapping[str, float]

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("_mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("_std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)
        self.layers = ()
        self.channels = {PIXELS: 3, TONES: 3}
        self.strides = {PIXELS: 1, TONES: TONE_STRIDE}
        self.reach = {PIXELS: 0, TONES: TONE_STRIDE}

    def add_layer(self, name: str, channels: int, field: ReceptiveField) -> None:
        """Declare the next deeper layer."""
        self.layers += (name,)
        self.channels[name], self.strides[name], self.reach[name] = channels, field.stride, field.reach

    def forward(self, pictures: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Features of ``pictures`` at ``layers``; nothing deeper than the deepest of them is computed.

        Args:
            pictures: ``(N, 3, H, W)``, sRGB in [0, 1]; any float type (converted to the weights' type).
            layers: names out of :attr:`layers`.

        Returns:
            For each name ``(N, channels[name], ceil(H / stride), ceil(W / stride))``, in the weights' type.

        Raises:
            SettingsError: a layer is unknown, or ``layers`` is empty.
        """
        requested = self.check_layers(layers)
        features = {PIXELS: pictures} if PIXELS in requested else {}
        if TONES in requested:
            features[TONES] = F.avg_pool2d(pictures, TONE_STRIDE, ceil_mode=True, count_include_pad=False)
        if requested <= IMAGE_LAYERS:
            return features
        mean, std = self.get_buffer("_mean"), self.get_buffer("_std")
        # Subtract in the pictures' own precision: bf16 pictures would lose the lower bits of 8.
        normalized = (pictures - mean.to(pictures.dtype)) / std.to(pictures.dtype)
        return features | self.forward_layers(normalized.to(self.dtype), requested - IMAGE_LAYERS)

    def forward_layers(self, x: Tensor, layers: frozenset[str]) -> dict[str, Tensor]:
        """Features of normalized pictures ``x``; each subclass runs its own modules."""
        raise TypeError(f"{type(self).__name__} does not define forward_layers().")

    @property
    def dtype(self) -> torch.dtype:
        """The type that the network computes in: that of its weights."""
        return next(self.parameters()).dtype

    def check_layers(self, layers: Iterable[str]) -> frozenset[str]:
        """The names as a set.

        Raises:
            SettingsError: a layer is unknown, or ``layers`` is empty.
        """
        requested = frozenset(layers)
        unknown = sorted(requested - IMAGE_LAYERS - frozenset(self.layers))
        if unknown:
            raise SettingsError(
                f"The encoder {self.name} has no layer {unknown[0]!r}; it has {', '.join(self.layers)}."
            )
        if not requested:
            raise SettingsError(f"Name at least one layer of the encoder {self.name}.")
        return requested

    @property
    def network_style_layers(self) -> dict[str, float]:
        """The style layers that the network itself computes, equally weighted; metrics use these.

        Stylization needs the palette and weights that fall with depth; measuring style needs neither.
        """
        return normalize_layer_weights({name: 1.0 for name in self.style_layers if name not in IMAGE_LAYERS})

    def load_features(self, state: Mapping[str, Tensor]) -> None:
        """Take this encoder's tensors out of a state dict (a published file also carries a classifier).

        Raises:
            WeightsError: a tensor is missing or of another shape; nothing is loaded then.
        """
        own = self.state_dict()
        for key, tensor in own.items():
            value = state.get(key)
            if value is None or value.shape != tensor.shape:
                problem = "is missing" if value is None else f"has the shape {tuple(value.shape)}"
                raise WeightsError(
                    f"These weights do not fit the encoder {self.name}: {key} {problem}, "
                    f"where {tuple(tensor.shape)} is needed."
                )
        self.load_state_dict({key: state[key].float() for key in own})

    def frozen(self) -> Encoder:
        """Itself in evaluation mode with constant weights, so that gradients go to pictures only."""
        return self.eval().requires_grad_(False)


class SequentialEncoder(Encoder):
    """An encoder whose layers are outputs of modules in :attr:`features`, called one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential()
        self.layer_names: dict[int, str] = {}

    def add_layer(self, name: str, channels: int, field: ReceptiveField) -> None:
        super().add_layer(name, channels, field)
        self.layer_names[len(self.features) - 1] = name

    def forward_layers(self, x: Tensor, layers: frozenset[str]) -> dict[str, Tensor]:
        features: dict[str, Tensor] = {}
        for index, module in enumerate(self.features):
            x = module(x)
            name = self.layer_names.get(index)
            if name in layers:
                features[name] = x
                if len(features) == len(layers):
                    break
        return features


def normalize_layer_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Layer weights, scaled to sum to one."""
    return dict(zip(weights, normalize_weights(list(weights.values()), len(weights)), strict=True))
