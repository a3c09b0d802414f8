"""The photorealistic network: tones and colors move, edges and textures stay, by construction.

Its trunk sees a small image; the full image is processed in bands of rows. It needs no tiles, no more memory
than a band, and no engine but torch: most of its time goes into looking up each pixel's color map.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.errors import SettingsError
from bottega.layers import (
    ChannelMoments,
    ReflectConv2d,
    apply_grid,
    apply_grid_rows,
    interpolate_grid_rows,
    recolor,
)
from bottega.layers.color_spaces import REC601_LUMA
from bottega.transfer.feedforward.graph import (
    AffineParams,
    TrunkResult,
    affine_inputs,
)
from bottega.transfer.feedforward.micro import FOLD, PIXEL_MEAN, PIXEL_STD
from bottega.transfer.feedforward.pixel_blocks import ImageBuffer
from bottega.transfer.feedforward.prepared_targets import PreparedTargets, prepare_targets
from bottega.transfer.feedforward.self_modulated import SelfModulatedNet, TrunkSteps, factor_maps
from bottega.transfer.feedforward.style_code import StyleCode, StyleTarget
from bottega.transfer.tiles import Box

TRUNK_SIDE_PIXELS = 256  # side of the square that the trunk sees of any image
GRID_CELLS = 16
IDENTITY = torch.eye(3, 4).flatten()
BAND_PIXELS = 2**16  # of a band of rows, about


class PhotoNet(SelfModulatedNet):
    """A bilateral grid of affine color maps, predicted from a small image (after Gharbi et al. 2017).

    The colors are moved to the style's in closed form first; then every pixel goes through an affine map that
    depends on its position and brightness and changes slowly with both. Neighbors of equal color stay equal,
    and edges stay where they are. The trunk, at 1/4 to 1/16 of 256 × 256 pixels, is moved to the style's
    statistics as :class:`MicroNet`'s is; the last layer starts at zero, so that an untrained network is the
    color transfer.

    Args:
        fine: channels at 1/4 and from 1/8 on.
        coarse: likewise.
        depth: cells of the grid along the guide.
    """

    multiple = 16

    def __init__(self, fine: int = 32, coarse: int = 64, depth: int = 8) -> None:
        super().__init__()
        if min(fine, coarse, depth) < 1:
            raise SettingsError("A photo network needs channels, and cells along the guide.")
        self.settings = {"fine": fine, "coarse": coarse, "depth": depth}
        self.depth = depth
        self.convolutions = nn.ModuleList(
            [
                ReflectConv2d(3 * FOLD**2, fine, 3),
                ReflectConv2d(fine, coarse, 3),
                ReflectConv2d(coarse, coarse, 3),
                ReflectConv2d(coarse, coarse, 3),
            ]
        )
        for convolution in self.convolutions:
            assert isinstance(convolution, ReflectConv2d)
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        self.head = nn.Conv2d(coarse, 12 * depth, 1)
        nn.init.zeros_(self.head.weight)
        assert self.head.bias is not None
        nn.init.zeros_(self.head.bias)
        self.luma = nn.Parameter(torch.tensor(REC601_LUMA).view(1, 3, 1, 1))
        self.channels = (fine, coarse, coarse, coarse)
        self.strides = (4, 8, 16, 16)
        self.reach = None
        self.add_modulations()

    @property
    def configuration(self) -> dict[str, Any]:
        """Arguments that build the network again."""
        return dict(self.settings)

    def reduce_input(self, images: Tensor) -> Tensor:
        """The whole image, resized to a square."""
        # Antialiasing does not support bfloat16 on the CPU.
        return _resize(images.float(), TRUNK_SIDE_PIXELS).to(images.dtype)

    def to_features(self, images: Tensor) -> Tensor:
        return F.pixel_unshuffle((images - PIXEL_MEAN) / PIXEL_STD, FOLD)

    def trunk(self, features: Tensor) -> TrunkSteps:
        for index, convolution in enumerate(self.convolutions):
            if index in (1, 2):
                features = F.avg_pool2d(features, 2)
            features = F.relu((yield convolution(features)))
        return self.head(features)

    def finish(self, colored: Tensor, residual: Tensor, factors: Tensor) -> Tensor:
        cells = self.cells(residual.to(colored), factors.to(colored))
        return apply_grid(colored, cells, self.guide(colored))

    def cells(self, residual: Tensor, factors: Tensor) -> Tensor:
        """The grid of affine maps, ``(N, 12, depth, GRID_CELLS, GRID_CELLS)``."""
        gates = factors[:, :1]
        if gates.shape[-1] > 1:
            gates = F.adaptive_avg_pool2d(gates, GRID_CELLS)
        change = gates * residual
        cells = change.view(len(change), 12, self.depth, GRID_CELLS, GRID_CELLS)
        return IDENTITY.to(cells).view(1, 12, 1, 1, 1) + cells

    def guide(self, images: Tensor) -> Tensor:
        """The brightness by which the grid is looked up, ``(N, 1, H, W)`` in [0, 1]."""
        return F.conv2d(images, self.luma.to(images)).clamp(0, 1)


class PhotoRunner:
    """Runs the photo network on images of any size, on any device."""

    def __init__(self, network: PhotoNet, device: torch.device) -> None:
        self.network = network.to(device)
        self.device = device

    def stylize(
        self, content: ImageBuffer, targets: Sequence[StyleTarget], content_stats: Sequence[StyleCode] | None
    ) -> Tensor:
        """The stylized image, of the content's dtype, layout and size."""
        prepared = prepare_targets(self.network, content, targets, content_stats)
        lines = None
        if not prepared.is_color_only:
            affines = prepared.modulation_params(self.network, content_stats) if content_stats else []
            prediction, masks = self._predict(content, prepared, affines)
            factors = factor_maps(self.network.residual_factors(affines or prediction.affines), masks)
            cells = self.network.cells(prediction.residual.float(), factors.float())[0]
            lines = interpolate_grid_rows(cells, content.size[0])
        result = content.empty()
        for box in _bands(content):
            band = self._colored(content, prepared, box)
            if lines is not None:
                guide = self.network.guide(band)
                band = apply_grid_rows(band, lines[box.top : box.bottom], guide).clamp(0, 1)
            if content.is_bytes:
                result[box.top : box.bottom] = band.cpu()[0].permute(1, 2, 0).mul(255).add_(0.5)
            else:
                box.crop(result).copy_(band.cpu())
        return result

    def measure(self, content: ImageBuffer, targets: Sequence[StyleTarget]) -> list[StyleCode]:
        """The content's own statistics under each target."""
        prepared = prepare_targets(self.network, content, targets, None)
        moments = self._predict(content, prepared, [])[0].moments
        layers = [[values.cpu().double() for values in (m.mass, m.first, m.second)] for m in moments]
        return [
            StyleCode(
                colors.double(),
                tuple(ChannelMoments(*(values[i : i + 1] for values in layer)) for layer in layers),
            )
            for i, colors in enumerate(prepared.content_moments)
        ]

    def _predict(
        self, content: ImageBuffer, prepared: PreparedTargets, affines: Sequence[AffineParams]
    ) -> tuple[TrunkResult, Tensor | None]:
        """The trunk's result on the reduced image, and the reduced masks ``(K, 1, h, w)``.

        Rows are resized band by band, then all columns at once.

        Args:
            affines: parameters of all layers, or none to compute them from the image's statistics.
        """
        rows, mask_rows = [], []
        for box in _bands(content):
            rows.append(_resize(self._colored(content, prepared, box), box.bottom - box.top))
            masks = prepared.crop_masks(box)
            if masks is not None:
                mask_rows.append(_resize(masks.to(self.device), box.bottom - box.top))
        masks = _resize(torch.cat(mask_rows, 2), TRUNK_SIDE_PIXELS) if mask_rows else None
        style = affine_inputs(affines) if affines else prepared.style_stats
        style = {name: values.to(self.device) for name, values in style.items()}
        return self.network.predict(_resize(torch.cat(rows, 2), TRUNK_SIDE_PIXELS), style, masks), masks

    def _colored(self, content: ImageBuffer, prepared: PreparedTargets, box: Box) -> Tensor:
        """A band in its new colors, ``(1, 3, h, w)``."""
        band = content.crop(box).to(self.device)
        masks = prepared.crop_masks(box)
        colored = [recolor(band, color_map[None].to(self.device)) for color_map in prepared.color_maps]
        if masks is None:
            return colored[0]
        weights = masks.to(self.device)
        return torch.stack([image * weight for image, weight in zip(colored, weights, strict=True)]).sum(0)


def _bands(content: ImageBuffer) -> Iterator[Box]:
    height, width = content.size
    rows = max(1, BAND_PIXELS // width)
    return (Box(top, 0, min(top + rows, height), width) for top in range(0, height, rows))


def _resize(images: Tensor, height: int) -> Tensor:
    """To ``height`` × :data:`TRUNK_SIDE_PIXELS`."""
    size = (height, TRUNK_SIDE_PIXELS)
    return F.interpolate(images, size, mode="bilinear", antialias=True, align_corners=False)
