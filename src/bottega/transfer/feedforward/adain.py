"""Any style through an encoder: adaptive instance normalisation (Huang and Belongie 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bottega import encoders
from bottega.encoders import Encoder, VGGEncoder
from bottega.errors import PictureError, SettingsError
from bottega.layers import (
    ChannelMoments,
    ReflectConv2d,
    adain,
    channel_moments,
    mix_channel_moments,
    normalize_weights,
    reduce_mask,
)
from bottega.transfer.feedforward.style_code import check_picture


class AdaINNet(nn.Module):
    """Encoder, renormalisation of its features to the style's, and a decoder that is the encoder mirrored.

    As in the paper, the features are those of the last stage's first layer (``relu4_1``), the decoder has
    nearest-neighbour enlargement, mirrored borders and no normalisation. We differ in the encoder (our own
    small one by default, with average pooling) and in mixing styles by their moments instead of mixing
    renormalised features.

    Args:
        encoder: the name of weights of a plain encoder, or such an encoder; it stays frozen and is not saved.
    """

    def __init__(self, encoder: str | Encoder = "small") -> None:
        super().__init__()
        loaded = encoders.load_encoder(encoder) if isinstance(encoder, str) else encoder.frozen()
        if not isinstance(loaded, VGGEncoder):
            raise SettingsError(
                f"The decoder mirrors a plain encoder (small, vgg16, vgg19), which {loaded.name} is not."
            )
        self.encoder_name = encoder if isinstance(encoder, str) else loaded.name
        # Held in a list, so that it is neither trained nor saved with the decoder.
        self._encoder = [loaded]
        stages = min(4, len(loaded.widths))
        self.layer = f"relu{stages}_1"
        self.stride = loaded.strides[self.layer]
        self.decoder = mirrored(loaded.widths[:stages], loaded.depths[:stages])

    @property
    def encoder(self) -> VGGEncoder:
        return self._encoder[0]

    @property
    def configuration(self) -> dict[str, Any]:
        """What builds it again."""
        return {"encoder": self.encoder_name}

    def _apply(self, fn: Any, recurse: bool = True) -> AdaINNet:
        """The encoder follows where the decoder goes (device, type)."""
        self._encoder[0]._apply(fn, recurse)  # type: ignore[no-untyped-call]
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    def features(self, pictures: Tensor) -> Tensor:
        """``(N, C, ceil(H / stride), ceil(W / stride))``."""
        return self.encoder(pictures, [self.layer])[self.layer]

    def encode(self, style: Tensor, mask: Tensor | None = None) -> ChannelMoments:
        """What is kept of style pictures ``(N, 3, H, W)``; ``mask (1, 1, H, W)`` says which part.

        Raises:
            PictureError: not pictures, or a mask of another size.
        """
        check_picture("style", style)
        return channel_moments(self.features(style), _reduced(mask, style, self.stride))

    def forward(
        self,
        content: Tensor,
        styles: Sequence[ChannelMoments],
        weights: Sequence[float] | None = None,
        alpha: float = 1.0,
        masks: Sequence[Tensor] | None = None,
    ) -> Tensor:
        """Paint ``content (N, 3, H, W)`` in a mixture of styles, or each style inside its mask.

        Args:
            styles: from :meth:`encode`.
            weights: shares of the mixture; none mixes all alike. With masks there is none.
            alpha: strength in [0, 1] (the paper's equation 14, in statistics instead of features, which is
                the same).
            masks: one ``(1, 1, H, W)`` for each style; where they leave something, it is only decoded.

        Returns:
            ``(N, 3, H, W)``; in evaluation within [0, 1].

        Raises:
            PictureError, SettingsError: what does not fit together.
        """
        check_picture("content", content)
        if not 0 <= alpha <= 1:
            raise SettingsError(f"alpha must be between 0 and 1, not {alpha}.")
        features = self.features(content)
        if masks is None:
            goal = mix_channel_moments(list(styles), normalize_weights(weights, len(styles)))
            moved = adain(features, channel_moments(features), goal)
        else:
            moved = self._by_region(features, styles, masks, content)
        painted = self.decode(torch.lerp(features, moved, alpha), content)
        return painted if self.training else painted.clamp(0, 1)

    def decode(self, features: Tensor, content: Tensor) -> Tensor:
        """The picture that has such features, at the content's size."""
        return self.decoder(features)[..., : content.shape[-2], : content.shape[-1]]

    def _by_region(
        self, features: Tensor, styles: Sequence[ChannelMoments], masks: Sequence[Tensor], content: Tensor
    ) -> Tensor:
        if len(masks) != len(styles):
            raise SettingsError(f"{len(styles)} styles need as many masks, not {len(masks)}.")
        total = features
        for style, mask in zip(styles, masks, strict=True):
            share = _reduced(mask, content, self.stride)
            assert share is not None
            own = channel_moments(features, share)
            total = total + share.to(features) * (adain(features, own, style) - features)
        return total


def mirrored(widths: Sequence[int], depths: Sequence[int]) -> nn.Sequential:
    """From the last stage's first layer back to pixels: as many convolutions as led there."""
    layers: list[nn.Module] = []
    for stage in range(len(widths) - 1, 0, -1):
        depth = depths[stage - 1]
        layers += [ReflectConv2d(widths[stage], widths[stage - 1], 3), nn.ReLU()]
        layers += [nn.Upsample(scale_factor=2, mode="nearest")]
        for _ in range(depth - 1):
            layers += [ReflectConv2d(widths[stage - 1], widths[stage - 1], 3), nn.ReLU()]
    last = ReflectConv2d(widths[0], 3, 3)
    assert last.bias is not None
    nn.init.constant_(last.bias, 0.5)  # untrained pictures are grey, not black
    return nn.Sequential(*layers, last)


def _reduced(mask: Tensor | None, picture: Tensor, stride: int) -> Tensor | None:
    if mask is None:
        return None
    if mask.ndim != 4 or mask.shape[1:] != (1, *picture.shape[-2:]):
        raise PictureError(
            f"A mask must have the shape (1, 1, {picture.shape[-2]}, {picture.shape[-1]}), "
            f"as its picture has that size, not {tuple(mask.shape)}."
        )
    if float(mask.sum()) <= 0:
        raise PictureError("A mask is empty: there is nothing to paint or to take a style from.")
    return reduce_mask(mask, stride)
