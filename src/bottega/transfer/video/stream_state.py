"""What a clip's frames depend on besides themselves, as plain tensors: it can be kept in a file.

With it a clip that was stopped goes on as if it had not been.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import torch
from torch import Tensor

from bottega.layers import ChannelMoments, ColorMoments
from bottega.transfer.feedforward.style_code import StyleCode
from bottega.transfer.video.change_detection import Change, Look
from bottega.transfer.video.temporal_filter import Prepared, to_bytes

Memory: TypeAlias = dict[str, Tensor]


def pack(
    prepared: Prepared,
    painted: Tensor,
    known: Mapping[str, StyleCode],
    measured: Mapping[str, StyleCode],
    age: int,
) -> Memory:
    """Named tensors."""
    memory = {
        "filtered": prepared.filtered.contiguous(),
        "small": prepared.look.small,
        "painted": painted.contiguous(),
        "age": torch.tensor(age),
        "travel": torch.tensor(prepared.travel, dtype=torch.float64),
    }
    for kind, codes in (("known", known), ("measured", measured)):
        for name, code in codes.items():
            memory |= {f"{kind}/{name}/{key}": value for key, value in _tensors(code).items()}
    return {name: tensor.clone() for name, tensor in memory.items()}


def unpack(
    memory: Memory,
) -> tuple[Prepared, Tensor, dict[str, StyleCode], dict[str, StyleCode], int]:
    """The arguments of :func:`pack` again."""
    filtered, painted = (_together(memory[name]) for name in ("filtered", "painted"))
    look = Look(memory["small"])
    down, across = memory.get("travel", torch.zeros(2)).tolist()  # files from before there were marks
    prepared = Prepared(to_bytes(filtered), filtered, look, Change(cut=False), travel=(down, across))
    return prepared, painted, _codes(memory, "known"), _codes(memory, "measured"), int(memory["age"])


def _together(picture: Tensor) -> Tensor:
    """With the channels of a pixel side by side in memory, as pictures from bytes have them: sums are then
    taken in the same order, and come out the same to the last bit."""
    return picture.contiguous(memory_format=torch.channels_last)


def _tensors(code: StyleCode) -> Memory:
    named = {f"colors.{part}": getattr(code.colors, part) for part in ("mass", "first", "second")}
    for number, site in enumerate(code.sites):
        named |= {f"{number}.{part}": getattr(site, part) for part in ("mass", "first", "second")}
    return named


def _codes(memory: Memory, kind: str) -> dict[str, StyleCode]:
    found: dict[str, dict[str, Tensor]] = {}
    for key, tensor in memory.items():
        first, _, rest = key.partition("/")
        if first == kind:
            name, _, part = rest.rpartition("/")
            found.setdefault(name, {})[part] = tensor
    return {name: _code(parts) for name, parts in found.items()}


def _code(parts: dict[str, Tensor]) -> StyleCode:
    sites = sum(key.endswith(".mass") for key in parts) - 1
    return StyleCode(
        ColorMoments(*(parts[f"colors.{part}"] for part in ("mass", "first", "second"))),
        tuple(
            ChannelMoments(*(parts[f"{number}.{part}"] for part in ("mass", "first", "second")))
            for number in range(sites)
        ),
    )
