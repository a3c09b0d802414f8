"""One network for one style: the transformer net of Johnson, Alahi and Fei-Fei (2016)."""

from __future__ import annotations

from collections.abc import Mapping
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
from bottega.transfer.feedforward.style_code import check_picture

MULTIPLE = 4


class TransformerNet(nn.Module):
    """A picture in the one style that the weights were trained for.

    Layers as in the paper's supplement: 9 × 9 in and out, two strided convolutions, five residual blocks of
    two, two enlargements. Instance in place of batch normalisation (Ulyanov et al. 2016), resize- in place of
    transposed convolutions (Odena et al. 2016), mirrored borders throughout, no ReLU after a block's sum.

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
        self.convolutions = skeleton(width, blocks)
        self.norms = nn.ModuleList(InstanceNorm(channels) for channels in normalised_channels(width, blocks))

    @property
    def configuration(self) -> dict[str, Any]:
        """What builds it again."""
        return dict(self.settings)

    def forward(self, content: Tensor) -> Tensor:
        """``(N, 3, H, W)`` in [0, 1] to the same.

        Raises:
            PictureError: not pictures.
        """
        check_picture("content", content)
        features = pad_to_multiple(content, MULTIPLE)
        return finished(run(self.convolutions, list(self.norms), features), content)


def skeleton(width: int, blocks: int) -> nn.ModuleList:
    """The convolutions in their order; only the last is not followed by a normalisation."""
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


def normalised_channels(width: int, blocks: int) -> list[int]:
    """Channels after every convolution of :func:`skeleton` but the last."""
    return [width, 2 * width, *[4 * width] * (1 + 2 * blocks), 2 * width, width]


def run(convolutions: nn.ModuleList, norms: list[nn.Module], features: Tensor, *style: Tensor) -> Tensor:
    """Through all convolutions; each normalisation gets ``style`` as well."""
    layers = [*zip(convolutions, norms, strict=False)]
    for convolution, norm in layers[:3]:
        features = F.relu(norm(convolution(features), *style))
    inner = layers[3:-2]
    for (first, first_norm), (second, second_norm) in zip(inner[::2], inner[1::2], strict=True):
        between = F.relu(first_norm(first(features), *style))
        features = features + second_norm(second(between), *style)
    for convolution, norm in layers[-2:]:
        features = F.relu(norm(convolution(features), *style))
    return convolutions[-1](features)


def finished(result: Tensor, content: Tensor) -> Tensor:
    """The paper's scaled tanh, onto [0, 1], at the content's size."""
    return torch.tanh(result[..., : content.shape[-2], : content.shape[-1]]).add(1).div(2)


class MultiStyleNet(nn.Module):
    """The transformer net with conditional instance normalisation.

    Differs from the paper as :class:`TransformerNet` does from its own. The paper's sigmoid is that
    one's scaled tanh.

    Args:
        styles: their names; a style costs two numbers per normalised channel.
        width, blocks: as in the transformer net.
    """

    def __init__(self, styles: tuple[str, ...] | list[str], width: int = 32, blocks: int = 5) -> None:
        super().__init__()
        if not styles or width < 1 or blocks < 0:
            raise SettingsError("A network of many styles needs at least one style and one channel.")
        again = next((name for name in styles if styles.count(name) > 1), None)
        if again is not None:
            raise SettingsError(f'The style "{again}" was given twice; a network knows each by its name.')
        self.styles = tuple(styles)
        self.settings = {"width": width, "blocks": blocks}
        self.convolutions = skeleton(width, blocks)
        self.norms = nn.ModuleList(
            ConditionalInstanceNorm(channels, len(styles)) for channels in normalised_channels(width, blocks)
        )

    @property
    def configuration(self) -> dict[str, Any]:
        """What builds it again."""
        return {"styles": list(self.styles), **self.settings}

    def style_vector(self, weights: Mapping[str, float]) -> Tensor:
        """``(1, styles)``: a mixture of named styles, scaled to the sum one.

        Raises:
            SettingsError: an unknown name, or weights that do not mix.
        """
        unknown = sorted(set(weights) - set(self.styles))
        if unknown:
            raise SettingsError(f'This network has no style "{unknown[0]}"; it has {", ".join(self.styles)}.')
        shares = normalize_weights([weights.get(name, 0.0) for name in self.styles], len(self.styles))
        return torch.tensor([shares])

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        """Pictures ``(N, 3, H, W)`` in [0, 1], each in its own mixture ``style (N or 1, styles)``.

        Raises:
            PictureError: not pictures.
            SettingsError: a style vector of another length.
        """
        check_picture("content", content)
        if style.ndim != 2 or style.shape[1] != len(self.styles) or len(style) not in (1, len(content)):
            raise SettingsError(
                f"A style vector for {len(self.styles)} styles has the shape (1, {len(self.styles)}), "
                f"not {tuple(style.shape)}."
            )
        vector = style.to(content).expand(len(content), -1)
        return finished(
            run(self.convolutions, list(self.norms), pad_to_multiple(content, MULTIPLE), vector), content
        )

    def add_style(self, name: str, like: Mapping[str, float] | None = None) -> list[nn.Parameter]:
        """Make room for one more style and freeze everything that the others use.

        Args:
            name: of the new style.
            like: the mixture to start from; none mixes all alike.

        Returns:
            The parameters to fit: two per norm. Rows of the other styles in them get no gradient.

        Raises:
            SettingsError: the name is taken or empty.
        """
        if not name or name in self.styles:
            raise SettingsError(f'A new style needs a name of its own, not "{name}".')
        start = self.style_vector(like or dict.fromkeys(self.styles, 1.0))
        self.requires_grad_(False)
        fitted = []
        for norm in self.norms:
            assert isinstance(norm, ConditionalInstanceNorm)
            for which in ("gain", "shift"):
                old: Tensor = getattr(norm, which)
                grown = nn.Parameter(torch.cat([old.detach(), start.to(old) @ old.detach()]))
                grown.register_hook(_only_last)  # type: ignore[no-untyped-call]
                setattr(norm, which, grown)
                fitted.append(grown)
        self.styles = (*self.styles, name)
        return fitted


def _only_last(gradient: Tensor) -> Tensor:
    """The gradient of the newest style's row; the others are left as they are (give no weight decay)."""
    kept = torch.zeros_like(gradient)
    kept[-1] = gradient[-1]
    return kept
