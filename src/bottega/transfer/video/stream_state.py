"""All that the next frames of a clip depend on, as plain tensors that fit into a file.

With it an interrupted clip continues as if it had not been interrupted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import torch
from torch import Tensor

from bottega.layers import ChannelMoments, ColorMoments
from bottega.transfer.feedforward.style_code import StyleCode
from bottega.transfer.video.change_detection import FrameChange, FrameSignature
from bottega.transfer.video.ema_statistics import EmaStatistics
from bottega.transfer.video.temporal_filter import FilteredFrame, to_bytes

StreamState: TypeAlias = dict[str, Tensor]

PARTS = ("mass", "first", "second")


def pack(frame: FilteredFrame, stylized: Tensor, statistics: EmaStatistics) -> StreamState:
    """Named tensors."""
    state = {
        "filtered": frame.values.contiguous(),
        "signature": frame.signature.small,
        "stylized": stylized.contiguous(),
        "age": torch.tensor(statistics.age),
        "camera_offset": torch.tensor(frame.camera_offset, dtype=torch.float64),
    }
    for kind, codes in (("smoothed", statistics.smoothed), ("measured", statistics.measured)):
        for region, code in codes.items():
            named = {"colors": code.colors, **{str(i): layer for i, layer in enumerate(code.layers)}}
            for name, moments in named.items():
                state |= {f"{kind}/{region}/{name}.{part}": getattr(moments, part) for part in PARTS}
    return {name: tensor.clone() for name, tensor in state.items()}


def unpack(state: StreamState) -> tuple[FilteredFrame, Tensor, EmaStatistics]:
    """The arguments of :func:`pack` again."""
    # In channels-last memory format, as images from bytes have it: sums are then taken in the same order and
    # are the same to the last bit.
    filtered, stylized = (
        state[name].contiguous(memory_format=torch.channels_last) for name in ("filtered", "stylized")
    )
    down, across = state["camera_offset"].tolist()
    frame = FilteredFrame(
        to_bytes(filtered),
        filtered,
        FrameSignature(state["signature"]),
        FrameChange(is_cut=False),
        camera_offset=(down, across),
    )
    return (
        frame,
        stylized,
        EmaStatistics(_codes(state, "smoothed"), _codes(state, "measured"), int(state["age"])),
    )


def _codes(state: StreamState, kind: str) -> dict[str, StyleCode]:
    regions: dict[str, Mapping[str, Tensor]] = {}
    for key, tensor in state.items():
        first, _, rest = key.partition("/")
        if first == kind:
            region, _, name = rest.rpartition("/")
            regions[region] = {**regions.get(region, {}), name: tensor}
    return {
        region: StyleCode(
            ColorMoments(*(tensors[f"colors.{part}"] for part in PARTS)),
            tuple(
                ChannelMoments(*(tensors[f"{layer}.{part}"] for part in PARTS))
                for layer in range(len(tensors) // len(PARTS) - 1)
            ),
        )
        for region, tensors in regions.items()
    }
