"""A network on an engine, ready to paint pictures of any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bottega import runtime
from bottega.errors import PictureError, SettingsError
from bottega.transfer.feedforward.backends import TorchEngine, chosen
from bottega.transfer.feedforward.micro import MicroNet
from bottega.transfer.feedforward.photo import PhotoNet, PhotoPainter
from bottega.transfer.feedforward.pixel_blocks import Content
from bottega.transfer.feedforward.registry import load
from bottega.transfer.feedforward.self_modulated import OwnStatisticsNet, check_code
from bottega.transfer.feedforward.style_code import Manner, StyleCode, check_manners, check_picture
from bottega.transfer.feedforward.tiling import Engine, MicroPainter
from bottega.transfer.texture.patches import marks_of

Bytes = NDArray[np.uint8]

WHOLE = 3e9
"""Most bytes that work on a picture in one piece may take; larger ones are worked on in tiles."""

TILE = 2048
"""Side of a tile in pixels."""

MOST_AT_ONCE = 4
"""Pictures; each takes its memory, and the cores left over work within each of them."""


class OnePass:
    """Made by :func:`one_pass`.

    Attributes:
        network: micro or photo, in float32 and evaluation mode.
        engine, precision: what was chosen: ``torch`` or ``openvino``, ``fp32`` or ``bf16``.
        at_once: pictures that several threads may paint at the same time, and gain by it.
    """

    def __init__(
        self,
        network: OwnStatisticsNet,
        engine: str,
        precision: str,
        painter: MicroPainter | PhotoPainter,
        at_once: int = 1,
    ) -> None:
        self.network = network
        self.engine = engine
        self.precision = precision
        self.at_once = at_once
        self._painter = painter

    @torch.inference_mode()
    def encode(self, style: Tensor, mask: Tensor | None = None) -> StyleCode:
        """The code of a style picture; of the micro network with the picture's marks.

        Args:
            style: ``(1, 3, H, W)``, sRGB in [0, 1]; its size is the size of its strokes.
            mask: ``(1, 1, H, W)`` in [0, 1], the part that is looked at.

        Raises:
            PictureError: not a picture, or a mask of another size.
        """
        check_picture("style", style)
        manners = [Manner(None)]
        if mask is not None:
            # The rest is looked at as well: what lies beside the mask is context, not darkness.
            manners = [Manner(None, mask=mask), Manner(None, mask=1 - mask)]
        code = self.measure(style, manners)[0]
        if isinstance(self.network, MicroNet):
            code = replace(code, marks=(marks_of(style, mask),))
        return code

    @torch.inference_mode()
    def paint(
        self,
        content: Tensor,
        manners: Manner | Sequence[Manner],
        known: StyleCode | Sequence[StyleCode] | None = None,
    ) -> Tensor:
        """Paint one picture, whole or in regions.

        Args:
            content: ``(1, 3, H, W)``, sRGB in [0, 1].
            manners: one, or several with masks ``(1, 1, H, W)`` that add up to one: floats in [0, 1], or
                bytes, of which 255 are one.
            known: the content's own statistics under each manner, from :meth:`measure`; none measures them.

        Returns:
            ``(1, 3, H, W)`` in [0, 1].

        Raises:
            PictureError, SettingsError: manners, masks, codes and content do not fit together.
        """
        wanted = self._checked(content, manners)
        return self._painter.paint(Content(content.float()), wanted, _listed(known, len(wanted)))

    @torch.inference_mode()
    def paint_bytes(
        self,
        content: Bytes,
        manners: Manner | Sequence[Manner],
        known: StyleCode | Sequence[StyleCode] | None = None,
    ) -> Bytes:
        """:meth:`paint` for ``(H, W, 3)`` uint8, which takes a third of the memory and far less time."""
        pixels = _pixels(content)
        wanted = self._checked(pixels.permute(2, 0, 1)[None], manners)
        return self._painter.paint(Content(pixels), wanted, _listed(known, len(wanted))).numpy()

    @torch.inference_mode()
    def measure(self, content: Tensor, manners: Manner | Sequence[Manner]) -> list[StyleCode]:
        """The content's own statistics under each manner: what ``known`` hands back, perhaps smoothed."""
        return self._painter.measure(Content(content.float()), self._checked(content, manners))

    @torch.inference_mode()
    def measure_bytes(self, content: Bytes, manner: Manner) -> StyleCode:
        """:meth:`measure` for ``(H, W, 3)`` uint8 in one manner."""
        pixels = _pixels(content)
        return self._painter.measure(Content(pixels), self._checked(pixels.permute(2, 0, 1)[None], manner))[0]

    def _checked(self, content: Tensor, manners: Manner | Sequence[Manner]) -> list[Manner]:
        wanted = [manners] if isinstance(manners, Manner) else list(manners)
        check_manners(wanted, content)
        if len(content) != 1:
            raise PictureError(f"One picture at a time is painted, not {len(content)}.")
        for manner in wanted:
            if manner.code is not None:
                check_code(manner.code, self.network)
        return wanted


def one_pass(
    source: str | Path | OwnStatisticsNet = "micro",
    *,
    engine: str = "auto",
    precision: str = "auto",
    device: str | None = None,
    threads: int | None = None,
) -> OnePass:
    """Load a network and make it ready.

    Args:
        source: the name of weights, a ``.safetensors`` file, or a network.
        engine: one of :data:`ENGINES`, or ``auto``.
        precision: ``fp32``, ``bf16``, or ``auto``: bf16 where the hardware multiplies it.
        device: as :func:`bottega.runtime.select_device` names it; none is ``auto``.
        threads: of the processor; none takes what :func:`bottega.runtime.set_threads` takes.

    Raises:
        WeightsError: no such weights.
        SettingsError: another kind of network, or a name that is none.
        ResourceError: an engine or a device that is not there.
    """
    network = source if isinstance(source, nn.Module) else load(source)
    if not isinstance(network, MicroNet | PhotoNet):
        raise SettingsError(
            f"{type(network).__name__} is no network for any style; those are micro and photo."
        )
    place = runtime.select_device(device or "auto")
    name = chosen(engine, place, runs_graphs=isinstance(network, MicroNet))
    count = runtime.set_threads(threads or 0)
    # A request of OpenVINO's is one thread's, and so is a device.
    at_once = min(count, MOST_AT_ONCE) if (name, place.type) == ("torch", "cpu") else 1
    network = network.eval().requires_grad_(False).float().cpu()
    if isinstance(network, PhotoNet):
        return OnePass(network, name, "fp32", PhotoPainter(network, place), at_once)
    kind = runtime.select_dtype(place, precision)
    runner = _engine(name, network, place, kind, count)
    painter = MicroPainter(network, runner, whole=int(WHOLE / runner.bytes_per_pixel), tile=TILE)
    return OnePass(network, name, "bf16" if kind == torch.bfloat16 else "fp32", painter, at_once)


def _engine(
    name: str, network: MicroNet, device: torch.device, precision: torch.dtype, threads: int
) -> Engine:
    if name == "torch":
        return TorchEngine(network, device, precision)
    from bottega.transfer.feedforward.backends import OpenVINOEngine

    return OpenVINOEngine(network, precision, threads)


def _listed(known: StyleCode | Sequence[StyleCode] | None, count: int) -> list[StyleCode] | None:
    if known is None:
        return None
    codes = [known] if isinstance(known, StyleCode) else list(known)
    if len(codes) != count:
        raise SettingsError(f"{count} manners need {count} known statistics, not {len(codes)}.")
    return codes


def _pixels(content: Bytes) -> Tensor:
    if content.ndim != 3 or content.shape[2] != 3 or content.dtype != np.uint8 or content.size == 0:
        raise PictureError(
            f"Bytes of a picture must have the shape (H, W, 3) and the type uint8, not {content.shape} and "
            f"{content.dtype}."
        )
    writable = content if content.flags.writeable else content.copy()
    return torch.from_numpy(np.ascontiguousarray(writable))
