"""The Inception-v3 of published FID figures (Szegedy et al. 2015, arXiv 1512.00567), up to its last pooling.

The state dict has the layout of the file that pytorch-fid and torch-fidelity share, with the values of
Google's graph of December 2015; its classifier is ignored. That graph differs from later published networks:
average pooling does not count the padding, and the last block uses maximum pooling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega import weights
from bottega.errors import WeightsError

NAME = "inception"
DIMENSIONS = 2048
MIN_SIDE_PIXELS = 75  # smaller pictures have no positions in the last layer
EPSILON = 1e-3


@dataclass(frozen=True)
class Conv:
    """One convolution. The kernel is (height, width); with stride 2 there is never padding."""

    key: str
    channels: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    same_padding: bool = True


Pool = Callable[[Tensor], Tensor]
Step = tuple[Conv, ...]  # several run in parallel and are concatenated
Branch = tuple[Pool | None, tuple[Step, ...]]


class Inception(nn.Module):
    """Pictures ``(N, 3, H, W)``, sRGB in [0, 1], 75 pixels or more each way, to features ``(N, 2048)``."""

    dimensions = DIMENSIONS

    def __init__(self) -> None:
        super().__init__()
        self.first = _stem(self, 3, STEM[:3])
        self.second = _stem(self, 64, STEM[3:])
        width = 192
        for key, branches in BLOCKS.items():
            block = _Block(width, branches)
            self.add_module(key, block)
            width = block.out_channels

    def forward(self, pictures: Tensor) -> Tensor:
        x = (pictures * 255 - 128) / 128
        for key in self.first:
            x = self.get_submodule(key)(x)
        x = F.max_pool2d(x, 3, 2)
        for key in self.second:
            x = self.get_submodule(key)(x)
        x = F.max_pool2d(x, 3, 2)
        for key in BLOCKS:
            x = self.get_submodule(key)(x)
        return x.mean(dim=(2, 3))

    def load_features(self, state: Mapping[str, Tensor]) -> None:
        """Load the tensors from the published state dict.

        Raises:
            WeightsError: a tensor is missing or has another shape; nothing is loaded then.
        """
        own = self.state_dict()
        for key, tensor in own.items():
            if key not in state or state[key].shape != tensor.shape:
                problem = f"has the shape {tuple(state[key].shape)}" if key in state else "is missing"
                raise WeightsError(
                    f"These weights are not the Inception-v3 of FID figures: {key} {problem}, "
                    f"where {tuple(tensor.shape)} is needed."
                )
        self.load_state_dict({key: state[key].float() for key in own}, assign=True)


def load_inception() -> Inception:
    """The network with the published weights, frozen, on the CPU.

    Raises:
        WeightsError: they were not pulled yet, are damaged, or belong to another network.
    """
    state, _ = weights.load(NAME)
    with torch.device("meta"):  # skips the random initialization
        network = Inception()
    network.load_features(state)
    return network.eval().requires_grad_(False)


class _Unit(nn.Module):
    """Convolution, batch norm with its training statistics, ReLU."""

    def __init__(self, in_channels: int, conv: Conv) -> None:
        super().__init__()
        height, width = conv.kernel
        padding = (height // 2, width // 2) if conv.same_padding and conv.stride == 1 else 0
        self.conv = nn.Conv2d(in_channels, conv.channels, conv.kernel, conv.stride, padding, bias=False)
        self.bn = _FixedNorm(conv.channels)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


class _FixedNorm(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.running_mean: Tensor
        self.running_var: Tensor
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        mean, variance = self.running_mean, self.running_var
        return F.batch_norm(x, mean, variance, self.weight, self.bias, training=False, eps=EPSILON)


class _Block(nn.Module):
    """Parallel branches, concatenated; all keys belong to the block itself."""

    def __init__(self, in_channels: int, branches: tuple[Branch, ...]) -> None:
        super().__init__()
        self.branches = branches
        self.out_channels = 0
        for _, steps in branches:
            width = in_channels
            for step in steps:
                for conv in step:
                    self.add_module(conv.key, _Unit(width, conv))
                width = sum(conv.channels for conv in step)
            self.out_channels += width

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self._run_branch(branch, x) for branch in self.branches], dim=1)

    def _run_branch(self, branch: Branch, x: Tensor) -> Tensor:
        pool, steps = branch
        if pool is not None:
            x = pool(x)
        for step in steps:
            parts = [self.get_submodule(conv.key)(x) for conv in step]
            x = parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
        return x


def _stem(network: nn.Module, in_channels: int, convs: tuple[Conv, ...]) -> tuple[str, ...]:
    for conv in convs:
        network.add_module(conv.key, _Unit(in_channels, conv))
        in_channels = conv.channels
    return tuple(conv.key for conv in convs)


def _avg_pool(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, 1, padding=1, count_include_pad=False)


def _max_pool(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 3, 1, padding=1)


def _max_pool_stride_2(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 3, 2)


def _branch(*convs: Conv | Step, pool: Pool | None = None) -> Branch:
    return pool, tuple((conv,) if isinstance(conv, Conv) else conv for conv in convs)


def _mixed_35(pooled: int) -> tuple[Branch, ...]:
    """At 35 × 35 positions (figure 5)."""
    return (
        _branch(Conv("branch1x1", 64)),
        _branch(Conv("branch5x5_1", 48), Conv("branch5x5_2", 64, (5, 5))),
        _branch(
            Conv("branch3x3dbl_1", 64), Conv("branch3x3dbl_2", 96, (3, 3)), Conv("branch3x3dbl_3", 96, (3, 3))
        ),
        _branch(Conv("branch_pool", pooled), pool=_avg_pool),
    )


def _mixed_17(width: int) -> tuple[Branch, ...]:
    """At 17 × 17 positions, with factorized 7 × 7 filters (figure 6)."""
    return (
        _branch(Conv("branch1x1", 192)),
        _branch(
            Conv("branch7x7_1", width), Conv("branch7x7_2", width, (1, 7)), Conv("branch7x7_3", 192, (7, 1))
        ),
        _branch(
            Conv("branch7x7dbl_1", width),
            Conv("branch7x7dbl_2", width, (7, 1)),
            Conv("branch7x7dbl_3", width, (1, 7)),
            Conv("branch7x7dbl_4", width, (7, 1)),
            Conv("branch7x7dbl_5", 192, (1, 7)),
        ),
        _branch(Conv("branch_pool", 192), pool=_avg_pool),
    )


def _mixed_8(pool: Pool) -> tuple[Branch, ...]:
    """At 8 × 8 positions, with branches that fork (figure 7)."""
    return (
        _branch(Conv("branch1x1", 320)),
        _branch(
            Conv("branch3x3_1", 384), (Conv("branch3x3_2a", 384, (1, 3)), Conv("branch3x3_2b", 384, (3, 1)))
        ),
        _branch(
            Conv("branch3x3dbl_1", 448),
            Conv("branch3x3dbl_2", 384, (3, 3)),
            (Conv("branch3x3dbl_3a", 384, (1, 3)), Conv("branch3x3dbl_3b", 384, (3, 1))),
        ),
        _branch(Conv("branch_pool", 192), pool=pool),
    )


STEM = (
    Conv("Conv2d_1a_3x3", 32, (3, 3), stride=2),
    Conv("Conv2d_2a_3x3", 32, (3, 3), same_padding=False),
    Conv("Conv2d_2b_3x3", 64, (3, 3)),
    Conv("Conv2d_3b_1x1", 80),
    Conv("Conv2d_4a_3x3", 192, (3, 3), same_padding=False),
)
BLOCKS: dict[str, tuple[Branch, ...]] = {
    "Mixed_5b": _mixed_35(32),
    "Mixed_5c": _mixed_35(64),
    "Mixed_5d": _mixed_35(64),
    "Mixed_6a": (
        _branch(Conv("branch3x3", 384, (3, 3), stride=2)),
        _branch(
            Conv("branch3x3dbl_1", 64),
            Conv("branch3x3dbl_2", 96, (3, 3)),
            Conv("branch3x3dbl_3", 96, (3, 3), stride=2),
        ),
        _branch(pool=_max_pool_stride_2),
    ),
    "Mixed_6b": _mixed_17(128),
    "Mixed_6c": _mixed_17(160),
    "Mixed_6d": _mixed_17(160),
    "Mixed_6e": _mixed_17(192),
    "Mixed_7a": (
        _branch(Conv("branch3x3_1", 192), Conv("branch3x3_2", 320, (3, 3), stride=2)),
        _branch(
            Conv("branch7x7x3_1", 192),
            Conv("branch7x7x3_2", 192, (1, 7)),
            Conv("branch7x7x3_3", 192, (7, 1)),
            Conv("branch7x7x3_4", 192, (3, 3), stride=2),
        ),
        _branch(pool=_max_pool_stride_2),
    ),
    "Mixed_7b": _mixed_8(_avg_pool),
    "Mixed_7c": _mixed_8(_max_pool),
}
