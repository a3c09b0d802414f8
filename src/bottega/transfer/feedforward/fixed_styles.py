"""Networks of fixed styles: one style (Johnson et al. 2016), or several (Dumoulin et al. 2017)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.errors import SettingsError
from bottega.layers import (
    ConditionalInstanceNorm,
    InstanceNorm,
    ReflectConv2d,
    ResizeConv2d,
    normalize_weights,
    pad_to_multiple,
)
from bottega.transfer.feedforward.style_code import check_image

MULTIPLE = 4  # both sides of the input are padded to a multiple of it


class TransformerNet(nn.Module):
    """The transformer net of Johnson, Alahi and Fei-Fei (2016): one network for one style.

    Layers as in the paper's supplement: 9 × 9 in and out, two strided convolutions, five residual blocks of
    two, two upsampling layers. We use instance instead of batch normalization (Ulyanov et al. 2016), resize
    instead of transposed convolutions (Odena et al. 2016), reflection padding, and no ReLU after a block.

    Args:
        width: channels at full size; 2 · width at 1/2 and 4 · width at 1/4. 32 is the paper's (1.68 M
            parameters).
        blocks: residual blocks.
    """

    def __init__(self, width: int = 32, blocks: int = 5) -> None:
        super().__init__()
        if width < 1 or blocks < 0:
            raise SettingsError(
                "A transformer net needs a width of 1 or more, and no negative number of blocks."
            )
        self.settings = {"width": width, "blocks": blocks}
        self.convolutions = _convolutions(width, blocks)
        self.norms = nn.ModuleList(InstanceNorm(channels) for channels in _norm_channels(width, blocks))

    @property
    def configuration(self) -> dict[str, Any]:
        """Arguments that build the network again."""
        return dict(self.settings)

    def forward(self, content: Tensor) -> Tensor:
        """``(N, 3, H, W)`` in [0, 1] to the same.

        Raises:
            PictureError: not images.
        """
        return _stylize(content, self.convolutions, self.norms)


class MultiStyleNet(nn.Module):
    """The transformer net with conditional instance normalization (Dumoulin, Shlens and Kudlur 2017).

    Differs from the paper as :class:`TransformerNet` does from its own; in place of the paper's sigmoid it
    has that one's scaled tanh.

    Args:
        styles: their names; a style takes two numbers per normalized channel.
        width: as in the transformer net.
        blocks: likewise.
    """

    def __init__(self, styles: Sequence[str], width: int = 32, blocks: int = 5) -> None:
        super().__init__()
        if not styles or width < 1 or blocks < 0:
            raise SettingsError("A network of many styles needs at least one style and one channel.")
        duplicate = next((name for name in styles if styles.count(name) > 1), None)
        if duplicate is not None:
            raise SettingsError(f'The style name "{duplicate}" occurs twice; names must be unique.')
        self.styles = tuple(styles)
        self.settings = {"width": width, "blocks": blocks}
        self.convolutions = _convolutions(width, blocks)
        self.norms = nn.ModuleList(
            ConditionalInstanceNorm(channels, len(styles)) for channels in _norm_channels(width, blocks)
        )

    @property
    def configuration(self) -> dict[str, Any]:
        """Arguments that build the network again."""
        return {"styles": list(self.styles), **self.settings}

    def style_vector(self, weights: Mapping[str, float]) -> Tensor:
        """``(1, styles)``: a mixture of named styles, normalized to the sum one.

        Raises:
            SettingsError: an unknown name, or weights that do not mix.
        """
        unknown = sorted(set(weights) - set(self.styles))
        if unknown:
            raise SettingsError(f'This network has no style "{unknown[0]}"; it has {", ".join(self.styles)}.')
        return torch.tensor([normalize_weights([weights.get(n, 0.0) for n in self.styles], len(self.styles))])

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        """Images ``(N, 3, H, W)`` in [0, 1], each in its own mixture ``style (N or 1, styles)``.

        Raises:
            PictureError: not images.
            SettingsError: a style vector of another length.
        """
        if style.ndim != 2 or style.shape[1] != len(self.styles) or len(style) not in (1, len(content)):
            raise SettingsError(
                f"A style vector for {len(self.styles)} styles has the shape (1, {len(self.styles)}), "
                f"not {tuple(style.shape)}."
            )
        return _stylize(content, self.convolutions, self.norms, style.to(content).expand(len(content), -1))

    def add_style(self, name: str, like: Mapping[str, float] | None = None) -> list[nn.Parameter]:
        """Add a style and freeze everything that the others use.

        Args:
            name: of the new style.
            like: the mixture to start from; None mixes all equally.

        Returns:
            The parameters to train: two per norm. Rows of the other styles in them get no gradient.

        Raises:
            SettingsError: the name is used already, or empty.
        """
        if not name or name in self.styles:
            raise SettingsError(f'A new style needs a name of its own, not "{name}".')
        start = self.style_vector(like or dict.fromkeys(self.styles, 1.0))
        self.requires_grad_(False)
        parameters = []
        for norm in self.norms:
            assert isinstance(norm, ConditionalInstanceNorm)
            for field in ("gain", "shift"):
                old: Tensor = getattr(norm, field)
                extended = nn.Parameter(torch.cat([old.detach(), start.to(old) @ old.detach()]))
                extended.register_hook(_keep_last_row)  # type: ignore[no-untyped-call]
                setattr(norm, field, extended)
                parameters.append(extended)
        self.styles = (*self.styles, name)
        return parameters


def _keep_last_row(gradient: Tensor) -> Tensor:
    """The gradient of the newest style alone; the others stay as they are (without weight decay)."""
    result = torch.zeros_like(gradient)
    result[-1] = gradient[-1]
    return result


def _convolutions(width: int, blocks: int) -> nn.ModuleList:
    """In order; a normalization follows each but the last."""
    return nn.ModuleList(
        [
            ReflectConv2d(3, width, 9),
            ReflectConv2d(width, 2 * width, 3, stride=2),
            ReflectConv2d(2 * width, 4 * width, 3, stride=2),
            *(ReflectConv2d(4 * width, 4 * width, 3) for _ in range(2 * blocks)),
            ResizeConv2d(4 * width, 2 * width),
            ResizeConv2d(2 * width, width),
            ReflectConv2d(width, 3, 9),
        ]
    )


def _norm_channels(width: int, blocks: int) -> list[int]:
    """After every convolution but the last."""
    return [width, 2 * width, *[4 * width] * (1 + 2 * blocks), 2 * width, width]


def _stylize(content: Tensor, convolutions: nn.ModuleList, norms: nn.ModuleList, *style: Tensor) -> Tensor:
    """Run all layers; each normalization gets ``style`` as well. The result is the paper's scaled tanh."""
    check_image("content", content)
    features = pad_to_multiple(content, MULTIPLE)
    layers = [*zip(convolutions, norms, strict=False)]
    for convolution, norm in layers[:3]:
        features = F.relu(norm(convolution(features), *style))
    residual = layers[3:-2]
    for (first, first_norm), (second, second_norm) in zip(residual[::2], residual[1::2], strict=True):
        inner = F.relu(first_norm(first(features), *style))
        features = features + second_norm(second(inner), *style)
    for convolution, norm in layers[-2:]:
        features = F.relu(norm(convolution(features), *style))
    result = convolutions[-1](features)
    return torch.tanh(result[..., : content.shape[-2], : content.shape[-1]]).add(1).div(2)
