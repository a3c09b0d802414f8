"""Arbitrary styles by an encoder and a decoder: adaptive instance normalization (Huang and Belongie 2017)."""

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
from bottega.transfer.feedforward.style_code import check_image, check_mask


class AdaINNet(nn.Module):
    """Encoder, AdaIN of its features to the style's moments, and a mirrored decoder.

    As in the paper, the features are those of the last stage's first layer (``relu4_1``), and the decoder has
    nearest-neighbor upsampling, reflection padding and no normalization. We differ in the encoder (our own
    small one by default, with average pooling) and in mixing styles by their moments instead of mixing
    normalized features.

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
        # In a list, so that it is neither trained nor saved with the decoder.
        self._encoder = [loaded]
        stages = min(4, len(loaded.widths))
        self.layer = f"relu{stages}_1"
        self.stride = loaded.strides[self.layer]
        self.decoder = mirrored_decoder(loaded.widths[:stages], loaded.depths[:stages])

    @property
    def encoder(self) -> VGGEncoder:
        """Frozen."""
        return self._encoder[0]

    @property
    def configuration(self) -> dict[str, Any]:
        """Arguments that build the network again."""
        return {"encoder": self.encoder_name}

    def _apply(self, fn: Any, recurse: bool = True) -> AdaINNet:
        """The encoder follows the decoder to other devices and dtypes."""
        self._encoder[0]._apply(fn, recurse)  # type: ignore[no-untyped-call]
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    def features(self, images: Tensor) -> Tensor:
        """``(N, C, ceil(H / stride), ceil(W / stride))``."""
        return self.encoder(images, [self.layer])[self.layer]

    def encode(self, style: Tensor, mask: Tensor | None = None) -> ChannelMoments:
        """The moments of style images ``(N, 3, H, W)``, or of the part inside ``mask (1, 1, H, W)``.

        Raises:
            PictureError: not an image, or a mask of another size.
        """
        check_image("style", style)
        weights = None if mask is None else self._reduce_mask(mask, style)
        return channel_moments(self.features(style), weights)

    def forward(
        self,
        content: Tensor,
        styles: Sequence[ChannelMoments],
        weights: Sequence[float] | None = None,
        alpha: float = 1.0,
        masks: Sequence[Tensor] | None = None,
    ) -> Tensor:
        """Stylize ``content (N, 3, H, W)`` in a mixture of styles, or in each style inside its mask.

        Args:
            styles: from :meth:`encode`.
            weights: of the mixture; None weighs all equally. Not used with masks.
            alpha: strength in [0, 1] (the paper's equation 14).
            masks: one ``(1, 1, H, W)`` for each style; what they leave out is only decoded.

        Returns:
            ``(N, 3, H, W)``; in evaluation mode within [0, 1].

        Raises:
            PictureError, SettingsError: the arguments do not fit together.
        """
        check_image("content", content)
        if not 0 <= alpha <= 1:
            raise SettingsError(f"alpha must be between 0 and 1, not {alpha}.")
        features = self.features(content)
        if masks is None:
            target = mix_channel_moments(list(styles), normalize_weights(weights, len(styles)))
            modulated = adain(features, channel_moments(features), target)
        else:
            if len(masks) != len(styles):
                raise SettingsError(f"{len(styles)} styles need as many masks, not {len(masks)}.")
            modulated = features
            for style, mask in zip(styles, masks, strict=True):
                region = self._reduce_mask(mask, content)
                own = channel_moments(features, region)
                change = adain(features, own, style) - features
                modulated = modulated + region.to(features) * change
        stylized = self.decode(torch.lerp(features, modulated, alpha), content)
        return stylized if self.training else stylized.clamp(0, 1)

    def decode(self, features: Tensor, content: Tensor) -> Tensor:
        """The image with such features, at the content's size."""
        return self.decoder(features)[..., : content.shape[-2], : content.shape[-1]]

    def _reduce_mask(self, mask: Tensor, image: Tensor) -> Tensor:
        check_mask(mask, image)
        if float(mask.sum()) <= 0:
            raise PictureError("A mask is empty.")
        return reduce_mask(mask, self.stride)


def mirrored_decoder(widths: Sequence[int], depths: Sequence[int]) -> nn.Sequential:
    """From the last stage's first layer back to pixels, with as many convolutions as the encoder."""
    layers: list[nn.Module] = []
    for stage in range(len(widths) - 1, 0, -1):
        layers += [ReflectConv2d(widths[stage], widths[stage - 1], 3), nn.ReLU()]
        layers += [nn.Upsample(scale_factor=2, mode="nearest")]
        for _ in range(depths[stage - 1] - 1):
            layers += [ReflectConv2d(widths[stage - 1], widths[stage - 1], 3), nn.ReLU()]
    last = ReflectConv2d(widths[0], 3, 3)
    assert last.bias is not None
    nn.init.constant_(last.bias, 0.5)  # untrained results are gray, not black
    return nn.Sequential(*layers, last)
