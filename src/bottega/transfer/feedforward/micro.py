"""The micro network for arbitrary styles, small and fast enough for a camera, and its fine-tuned form."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.errors import SettingsError
from bottega.layers import (
    ChannelMoments,
    ColorMoments,
    ReflectConv2d,
    block_dct_matrix,
    color_moments,
    mk_color_transfer,
    pad_to_multiple,
    recolor,
)
from bottega.layers.moments import VARIANCE_EPSILON
from bottega.transfer.feedforward.self_modulated import SelfModulatedNet, TrunkSteps
from bottega.transfer.feedforward.style_code import StyleCode, check_image
from bottega.transfer.texture.patches import (
    RESIDUAL_SHARE,
    TexturePatches,
    extract_texture_patches,
    reserve_texture_variance,
)
from bottega.transfer.texture.synthesis import add_texture

FOLD = 4
COLORS = 3
COEFFICIENTS = COLORS * FOLD**2
PIXEL_MEAN, PIXEL_STD = 0.45, 0.25  # of images, about

# Standard deviations of the block cosines of photos and paintings, by row and column of frequencies: of
# luminance, and of the two opponent colors, where smaller ones would amplify JPEG noise to visible edges.
LUMINANCE_STD = (
    (1.5, 0.24, 0.11, 0.055),
    (0.24, 0.12, 0.073, 0.038),
    (0.11, 0.073, 0.047, 0.027),
    (0.055, 0.038, 0.027, 0.018),
)
OPPONENT_STD = (
    (0.45, 0.05, 0.02, 0.015),
    (0.05, 0.02, 0.015, 0.012),
    (0.02, 0.015, 0.012, 0.012),
    (0.015, 0.012, 0.012, 0.012),
)

RESIDUAL_SCALE = 0.5  # unit of the last layer, in standard deviations of the coefficients

MAX_LOG_SHARPNESS, MIN_LOG_SHARPNESS = 0.7, -2.0
"""Fine detail is doubled at most, or reduced to an eighth. More would amplify noise in flat skies."""


class MicroNet(SelfModulatedNet):
    """A trunk at 1/4, 1/8 and 1/16 of the image's size, all of it moved to the style's statistics.

    Blocks of 4 × 4 pixels become 48 channels, in place of the usual first and last layers of 9 × 9 at full
    size: their cosine coefficients (:func:`bottega.layers.block_dct_matrix`), each in units of its standard
    deviation over images. Raw pixels of a block are little but its mean brightness, so that texture would be
    invisible to layers with little training. The coefficients are the first modulated layer; 1/4 draws grain
    and small strokes, 1/8 has most of the layers, 1/16 draws large strokes at low cost.

    The residual is added to the color-matched image, whose fine detail is first raised or lowered to the
    style's, in closed form as the colors are: smooth tones, enlarged from 1/4, and frequencies within the
    blocks. The last layer starts at zero, so that an untrained network moves only colors and detail.

    Args:
        fine: channels at 1/4, of which there is one layer in and one out.
        coarse: channels at 1/8 and 1/16.
        blocks: residual blocks of two convolutions at 1/8.
        deep_blocks: likewise at 1/16.
    """

    multiple = 16
    analysis: Tensor
    synthesis: Tensor
    tones: Tensor
    power: Tensor

    def __init__(self, fine: int = 48, coarse: int = 64, blocks: int = 2, deep_blocks: int = 1) -> None:
        super().__init__()
        if min(fine, coarse) < 1 or min(blocks, deep_blocks) < 0:
            raise SettingsError("A micro network needs channels, and no negative number of blocks.")
        self.settings = {"fine": fine, "coarse": coarse, "blocks": blocks, "deep_blocks": deep_blocks}
        self.stem = ReflectConv2d(COEFFICIENTS, fine, 3)
        self.down = ReflectConv2d(fine, coarse, 3)
        self.middle = nn.ModuleList(ReflectConv2d(coarse, coarse, 3) for _ in range(2 * blocks))
        self.deep = nn.ModuleList(ReflectConv2d(coarse, coarse, 3) for _ in range(2 * deep_blocks))
        self.lateral = nn.Conv2d(coarse, fine, 1)
        self.fuse = ReflectConv2d(fine, fine, 3)
        self.head = ReflectConv2d(fine, COEFFICIENTS, 3)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
        nn.init.zeros_(self.head.weight)
        self._add_transforms()
        self.channels = (COEFFICIENTS, fine, *(coarse,) * (1 + 2 * blocks + 2 * deep_blocks), fine)
        self.strides = (4, 4, *(8,) * (1 + 2 * blocks), *(16,) * (2 * deep_blocks), 4)
        # Half of a block on every level, one ring of positions per convolution and per enlargement.
        self.reach = 4 * 7 + 8 * (3 + 2 * blocks) + 16 * (3 + 2 * deep_blocks)
        self.add_modulations()

    def _add_transforms(self) -> None:
        """Between blocks and their coefficients, as 1 × 1 convolutions; none of it is trained."""
        cosines = block_dct_matrix(FOLD)
        stds = torch.tensor([LUMINANCE_STD, OPPONENT_STD, OPPONENT_STD]).flatten(1).T.flatten()[:, None]
        power = torch.tensor(LUMINANCE_STD).flatten()[1:]
        inverse = RESIDUAL_SCALE * stds * cosines
        tones = inverse[:COLORS].view(COLORS, COLORS, FOLD**2).mean(2)
        for name, values in (
            ("analysis", (PIXEL_STD * cosines / stds)[:, :, None, None]),
            ("synthesis", inverse[COLORS:].T[:, :, None, None]),
            ("tones", tones.T[:, :, None, None]),
            ("power", power / power.sum()),
        ):
            self.register_buffer(name, values.contiguous(), persistent=False)

    @property
    def configuration(self) -> dict[str, Any]:
        """Arguments that build the network again."""
        return dict(self.settings)

    @property
    def layer_convolutions(self) -> list[nn.Module | None]:
        """The convolution before each modulated layer; the coefficients have none."""
        return [None, self.stem, self.down, *self.middle, *self.deep, self.fuse]

    def to_features(self, images: Tensor) -> Tensor:
        blocks = F.pixel_unshuffle((images - PIXEL_MEAN) / PIXEL_STD, FOLD)
        return F.conv2d(blocks, self.analysis.to(blocks))

    def trunk(self, features: Tensor) -> TrunkSteps:
        fine = F.relu((yield self.stem((yield features).to(self.stem.weight.dtype))))
        coarse = F.relu((yield self.down(F.avg_pool2d(fine, 2))))
        coarse = yield from _residual_blocks(self.middle, coarse)
        if len(self.deep):
            deep = yield from _residual_blocks(self.deep, F.avg_pool2d(coarse, 2))
            coarse = coarse + _upsample(deep)
        fine = fine + _upsample(self.lateral(coarse))
        fine = F.relu((yield self.fuse(fine)))
        return _remove_screen(self.head(fine))

    def sharpness(self, gains: Tensor) -> Tensor:
        # Of luminance alone, each frequency by its share of the detail of images.
        log_gain = (gains[..., COLORS::COLORS].float().log() * self.power).sum(-1)
        return log_gain.clamp(MIN_LOG_SHARPNESS, MAX_LOG_SHARPNESS).exp() - 1

    def finish(self, colored: Tensor, residual: Tensor, factors: Tensor) -> Tensor:
        residual = residual.to(colored)
        tones = _upsample_blocks(F.conv2d(residual[:, :COLORS], self.tones.to(residual)), colored)
        detail = F.pixel_shuffle(F.conv2d(residual[:, COLORS:], self.synthesis.to(residual)), FOLD)
        smooth = _upsample_blocks(F.avg_pool2d(pad_to_multiple(colored, self.multiple), FOLD), colored)
        added = tones + detail[..., : colored.shape[-2], : colored.shape[-1]]
        return colored + factors[:, :1] * added + factors[:, 1:] * (colored - smooth)


class FineTunedNet(nn.Module):
    """A :class:`MicroNet` trained further for one style, with the code and the texture of that style.

    Called like a :class:`TransformerNet`, it stylizes in full. Its :attr:`network` and :attr:`code` do what
    the micro network can: regions, strength, tiles, video.

    Args:
        style_size: height and width of the style image, which is stored for its texture.
        settings: of the micro network.
    """

    def __init__(self, style_size: Sequence[int], **settings: Any) -> None:
        super().__init__()
        self.style_size = tuple(style_size)
        self.network = MicroNet(**settings)
        channels = sum(self.network.channels)
        self.means = nn.Parameter(torch.zeros(1, channels))
        self.log_stds = nn.Parameter(torch.zeros(1, channels))  # standard deviations stay above zero
        self.register_buffer("color_mean", torch.full((1, 3), 0.5))
        self.register_buffer("color_second", 0.25 + 0.05 * torch.eye(3)[None])
        self.register_buffer("style", torch.zeros(1, 3, *self.style_size, dtype=torch.uint8))

    @classmethod
    @torch.no_grad()
    def from_style(cls, network: MicroNet, style: Tensor) -> Self:
        """What ``network`` makes of ``style (1, 3, H, W)``, as the start of a fine-tuning.

        Raises:
            PictureError: not an image.
        """
        code = network.encode(style)
        tuned = cls(tuple(style.shape[-2:]), **network.configuration)
        tuned.network.load_state_dict(network.state_dict())
        means, stds = code.mean_std_vectors()
        tuned.means.copy_(means)
        tuned.log_stds.copy_(stds.log())
        tuned.get_buffer("style").copy_((style * 255).round().to(torch.uint8))
        tuned.get_buffer("color_mean").copy_(code.colors.mean)
        tuned.get_buffer("color_second").copy_(code.colors.second / code.colors.mass[:, :, None])
        return tuned

    @property
    def configuration(self) -> dict[str, Any]:
        """Arguments that build the network again."""
        return {**self.network.configuration, "style_size": list(self.style_size)}

    @cached_property
    def texture(self) -> tuple[TexturePatches, ...]:
        """Of the style image."""
        return (extract_texture_patches(self.get_buffer("style").cpu() / 255),)

    @property
    def code(self) -> StyleCode:
        """The style, for :attr:`network`; moments per unit of mass."""
        mean, std = self.means, self.log_stds.exp()
        second = (std.square() - VARIANCE_EPSILON).clamp_min(0) + mean.square()
        one = torch.ones_like(mean[:, :1])
        channels = list(self.network.channels)
        layers = zip(torch.split(mean, channels, 1), torch.split(second, channels, 1), strict=True)
        colors = ColorMoments(one, self.get_buffer("color_mean"), self.get_buffer("color_second"))
        return StyleCode(colors, tuple(ChannelMoments(one, *layer) for layer in layers), self.texture)

    def recolor_and_texture(self, content: Tensor) -> Tensor:
        """Contents ``(N, 3, H, W)`` in the style's colors and with its texture: the network's input."""
        # On the CPU, as not every device has float64.
        colors = ColorMoments(*(values.cpu() for values in vars(self.code.colors).values())).double()
        colors = reserve_texture_variance(colors, self.texture, 1.0)
        affine = mk_color_transfer(color_moments(content.cpu()).double(), colors).to(content)
        return add_texture(recolor(content, affine), self.texture)

    def forward(self, content: Tensor) -> Tensor:
        """``(N, 3, H, W)`` in [0, 1] to the same (in training mode it may exceed that range a little).

        Raises:
            PictureError: not images.
        """
        check_image("content", content)
        count = len(content)
        textured = self.recolor_and_texture(content)
        affine = torch.eye(3, 4, device=content.device).expand(count, -1, -1)
        means, stds = self.means.expand(count, -1), self.log_stds.exp().expand(count, -1)
        strength = torch.ones(count, 1, device=content.device)
        stylized: Tensor = self.network(textured, affine, means, stds, strength)
        return torch.lerp(textured.to(stylized), stylized, RESIDUAL_SHARE)


def _remove_screen(residual: Tensor) -> Tensor:
    """Frequencies minus their mean over 3 × 3 blocks: equal ones in all neighbors make a screen of 4 × 4
    pixels, not a stroke."""
    tones, detail = residual[:, :COLORS], residual[:, COLORS:]
    return torch.cat([tones, detail - F.avg_pool2d(detail, 3, 1, 1, count_include_pad=False)], 1)


def _upsample(features: Tensor) -> Tensor:
    """Twofold and bilinear: repeated positions would show as a grid of dashes on flat skies."""
    return F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)


def _upsample_blocks(blocks: Tensor, image: Tensor) -> Tensor:
    """One number per block as smooth tones at the size of ``image``."""
    tones = F.interpolate(blocks, scale_factor=FOLD, mode="bilinear", align_corners=False)
    return tones[..., : image.shape[-2], : image.shape[-1]]


def _residual_blocks(convolutions: nn.ModuleList, features: Tensor) -> TrunkSteps:
    """Pairs of convolutions, each pair added to its input; every convolution is a modulated layer."""
    for first, second in zip(convolutions[::2], convolutions[1::2], strict=True):
        inner = F.relu((yield first(features)))
        features = features + (yield second(inner))
    return features
