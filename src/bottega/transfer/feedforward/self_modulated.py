"""Self-modulated networks: one trunk measures the style and stylizes the content.

The style image runs through the trunk once, unmodulated; the mean and standard deviation of every channel at
every layer are its code. The content runs through the same trunk and is moved to that code at each layer.
Before that its colors are moved to the style's in closed form, and the trunk's residual is multiplied by a
gate that opens with the distance between the statistics. An image that is its own style thus stays exactly as
it is, mixing styles is mixing moments, and the strength interpolates statistics.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from bottega.layers import (
    ChannelMoments,
    color_moments,
    mk_color_transfer,
    pad_to_multiple,
    recolor,
    reduce_mask,
)
from bottega.transfer.feedforward.graph import (
    AffineParams,
    GraphSpec,
    Modulation,
    TrunkOps,
    TrunkResult,
    crop_features,
    gate,
)
from bottega.transfer.feedforward.style_code import (
    StyleCode,
    StyleTarget,
    check_image,
    check_mask,
    check_targets,
)
from bottega.transfer.tiles import Box

TrunkSteps = Generator[Tensor, Tensor, Tensor]
"""Yields the features of each modulated layer, continues with what it is sent, returns the residual."""


class SelfModulatedNet(nn.Module):
    """Base class; a subclass defines the trunk (:meth:`to_features`, :meth:`trunk`, :meth:`finish`).

    Attributes:
        channels: of the features at each modulated layer.
        strides: pixels of the trunk's input per position at each of them.
        multiple: both sides of the trunk's input are padded to a multiple of it.
        reach: pixels to each side that a pixel of the result depends on, statistics apart; None where the
            trunk sees the reduced image, which has no tiles.
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...]
    multiple: int
    reach: int | None

    def add_modulations(self) -> None:
        """To be called by subclasses once ``channels`` is set."""
        self.modulations = nn.ModuleList(Modulation(channels) for channels in self.channels)

    def to_features(self, images: Tensor) -> Tensor:
        """The trunk's input features from images ``(N, 3, H, W)``."""
        raise NotImplementedError

    def trunk(self, features: Tensor) -> TrunkSteps:
        """The layers from :meth:`to_features` on."""
        raise NotImplementedError

    def reduce_input(self, images: Tensor) -> Tensor:
        """Images or masks ``(N, C, H, W)`` at the size that the trunk sees; unchanged by default."""
        return images

    def sharpness(self, gains: Tensor) -> Tensor:
        """Relative change of fine detail from the first layer's gains ``(..., C)``; 0 by default."""
        return torch.zeros_like(gains[..., 0])

    def finish(self, colored: Tensor, residual: Tensor, factors: Tensor) -> Tensor:
        """The stylized image.

        Args:
            colored: the content in the style's colors.
            residual: of the trunk.
            factors: of :meth:`residual_factors`, ``(N, 2, 1, 1)``, or maps ``(1, 2, h, w)`` with masks.
        """
        raise NotImplementedError

    def encode(self, style: Tensor, mask: Tensor | None = None) -> StyleCode:
        """Measure the code of style images.

        Args:
            style: ``(N, 3, H, W)``, sRGB in [0, 1]. Reduce it for finer strokes, enlarge it for coarser ones.
            mask: ``(1, 1, H, W)``, the part to measure.

        Raises:
            PictureError: not an image, or a mask of another size or an empty one.
        """
        check_image("style", style)
        if mask is not None:
            check_mask(mask, style)
        colors = color_moments(style, mask)
        spec = GraphSpec(stop_layer=len(self.channels) - 1, is_modulated=False)
        reduced_mask = None if mask is None else self.reduce_input(mask)
        result = self.predict(self.reduce_input(style), {}, reduced_mask, spec)
        return StyleCode(colors, tuple(result.moments))

    def forward(
        self, content: Tensor, affine: Tensor, means: Tensor, stds: Tensor, strength: Tensor
    ) -> Tensor:
        """Stylize a batch, each image in its own style.

        Args:
            content: ``(N, 3, H, W)``.
            affine: ``(N, 3, 4)``, from :func:`bottega.layers.mk_color_transfer`.
            means: ``(N, channels of all layers)``, from :meth:`StyleCode.mean_std_vectors`.
            stds: likewise.
            strength: ``(N, 1)``.

        Returns:
            ``(N, 3, H, W)``; in evaluation mode within [0, 1].
        """
        style = {"means": means, "stds": stds, "strength": strength}
        stylized = self._modulate(recolor(content, affine), style, None)
        return stylized if self.training else stylized.clamp(0, 1)

    def stylize(self, content: Tensor, targets: StyleTarget | Sequence[StyleTarget]) -> Tensor:
        """Stylize eagerly and without texture; :class:`bottega.transfer.feedforward.StyleEngine` is faster.

        Args:
            content: ``(N, 3, H, W)``, sRGB in [0, 1]; with masks N is 1.
            targets: one, or several with masks.

        Returns:
            ``(N, 3, H, W)`` in [0, 1].

        Raises:
            PictureError, SettingsError: targets, masks, codes and content do not fit together.
        """
        targets = [targets] if isinstance(targets, StyleTarget) else list(targets)
        check_targets(targets, content, self.channels)
        images = []
        for target in targets:
            image = content
            strength = target.effective_color_strength
            if target.code is not None and strength > 0:
                colors = color_moments(content, target.mask)
                affine = mk_color_transfer(colors, target.code.colors, strength)
                image = recolor(content, affine.expand(len(content), -1, -1).to(content))
            images.append(image if target.mask is None else image * target.mask.to(image))
        colored = torch.stack(images).sum(0) if len(images) > 1 else images[0]
        if all(target.code is None or target.strength == 0 for target in targets):
            return colored
        masks = [target.mask for target in targets if target.mask is not None]
        style = {
            name: values.to(content.device) for name, values in style_stats(self.channels, targets).items()
        }
        return self._modulate(colored, style, torch.cat(masks) if masks else None).clamp(0, 1)

    def run_trunk(
        self, features: Tensor, inputs: Mapping[str, Tensor], spec: GraphSpec, ops: TrunkOps
    ) -> TrunkResult:
        """Run the trunk, moving the features to the style's statistics at each layer.

        Training, eager inference and compiled graphs all run this.

        Args:
            features: of :meth:`to_features`; with regions N is 1.
            inputs: by the names of :attr:`GraphSpec.inputs`.
        """
        steps = self.trunk(features)
        features = next(steps)
        affines: list[AffineParams] = []
        moments: list[ChannelMoments] = []
        for layer, (channels, stride) in enumerate(zip(self.channels, self.strides, strict=True)):
            start = sum(self.channels[:layer])
            columns = slice(start, start + channels)
            mask = inputs[f"mask{stride}"] if spec.has_regions else None
            if layer < spec.affine_layers:
                gain, shift = inputs["gains"][:, columns], inputs["shifts"][:, columns]
                features = ops.apply(features, gain, shift, mask)
            else:
                box = inputs["boxes"][layer] if spec.is_cropped else None
                counted = features if box is None else crop_features(features, box)
                weights = mask if mask is None or box is None else crop_features(mask, box)
                moments.append(ops.moments(counted, weights))
                if layer == spec.stop_layer:
                    break
                if spec.is_modulated:
                    mean, std = inputs["means"][:, columns], inputs["stds"][:, columns]
                    affine = self.modulations[layer](moments[-1], mean, std, inputs["strength"])
                    affines.append(affine)
                    features = ops.apply(features, affine.gain, affine.shift, mask)
            try:
                features = steps.send(features)
            except StopIteration as end:
                features = end.value
        return TrunkResult(features, affines, moments)

    def residual_factors(self, affines: Sequence[AffineParams]) -> Tensor:
        """Factors of the residual and of the change of fine detail, ``(N or K, 2)``."""
        gates = gate(torch.stack([affine.distance for affine in affines]).mean(0))
        return torch.stack([gates, gates * self.sharpness(affines[0].gain)], 1)

    def predict(
        self,
        reduced: Tensor,
        style: dict[str, Tensor],
        masks: Tensor | None = None,
        spec: GraphSpec | None = None,
    ) -> TrunkResult:
        """Run the trunk alone.

        Args:
            reduced: images in the style's colors, after :meth:`reduce_input`.
            style: from :func:`style_stats`, or gains and shifts (see :attr:`GraphSpec.inputs`).
            masks: ``(K, 1, h, w)``, after :meth:`reduce_input`.
            spec: None runs all layers.
        """
        height, width = reduced.shape[-2:]
        padded = pad_to_multiple(reduced, self.multiple)
        inputs = dict(style)
        if masks is not None:
            inputs |= mask_pyramid(masks, self.multiple, self.strides)
        is_cropped = padded.shape != reduced.shape
        if is_cropped:
            boxes = [Box(0, 0, height, width).downscale(stride) for stride in self.strides]
            inputs["boxes"] = torch.tensor([[box.top, box.left, box.bottom, box.right] for box in boxes])
        spec = spec or GraphSpec(affine_layers=len(self.channels) if "gains" in style else 0)
        spec = replace(spec, has_regions=masks is not None, is_cropped=is_cropped)
        return self.run_trunk(self.to_features(padded), inputs, spec, TrunkOps())

    def _modulate(self, colored: Tensor, style: dict[str, Tensor], masks: Tensor | None) -> Tensor:
        reduced_masks = None if masks is None else self.reduce_input(masks)
        result = self.predict(self.reduce_input(colored), style, reduced_masks)
        factors = self.residual_factors(result.affines)
        return self.finish(colored, result.residual, factor_maps(factors, reduced_masks).to(colored))


def factor_maps(factors: Tensor, masks: Tensor | None) -> Tensor:
    """Factors ``(N, 2)`` as ``(N, 2, 1, 1)``; with masks ``(K, 1, h, w)`` as maps ``(1, 2, h, w)``."""
    planes = factors[:, :, None, None]
    return planes if masks is None else (planes * masks.to(planes)).sum(0, keepdim=True)


def style_stats(channels: Sequence[int], targets: Sequence[StyleTarget]) -> dict[str, Tensor]:
    """``means``, ``stds (K, channels of all layers)`` and ``strength (K, 1)`` of targets, on the CPU."""
    zero, one = torch.zeros(1, sum(channels)), torch.ones(1, sum(channels))
    vectors = [(zero, one) if target.code is None else target.code.mean_std_vectors() for target in targets]
    strengths = [0.0 if target.code is None else target.strength for target in targets]
    return {
        "means": torch.cat([means.cpu() for means, _ in vectors]),
        "stds": torch.cat([stds.cpu() for _, stds in vectors]),
        "strength": torch.tensor(strengths)[:, None],
    }


def mask_pyramid(masks: Tensor, multiple: int, strides: Sequence[int]) -> dict[str, Tensor]:
    """Masks ``(K, 1, h, w)``, padded like images, at each stride: ``mask4`` and so on, ``(K, h', w')``."""
    padded = pad_to_multiple(masks, multiple)
    return {f"mask{stride}": reduce_mask(padded, stride)[:, 0] for stride in set(strides)}
