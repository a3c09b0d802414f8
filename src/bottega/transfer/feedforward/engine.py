"""A network, ready to stylize images of any size as fast as the machine allows.

>>> from bottega.transfer.feedforward import StyleTarget, load_style_engine
>>> engine = load_style_engine("micro")
>>> code = engine.encode(style)  # (1, 3, H, W) in [0, 1], once
>>> result = engine.stylize_bytes(photo, StyleTarget(code))  # (H, W, 3) uint8
"""

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
from bottega.transfer.feedforward.backends import OpenVINOBackend, TorchBackend, choose_engine
from bottega.transfer.feedforward.micro import MicroNet
from bottega.transfer.feedforward.photo import BAND_PIXELS, PhotoNet, PhotoRunner
from bottega.transfer.feedforward.pixel_blocks import ImageBuffer
from bottega.transfer.feedforward.registry import load
from bottega.transfer.feedforward.self_modulated import SelfModulatedNet
from bottega.transfer.feedforward.style_code import (
    StyleCode,
    StyleTarget,
    check_image,
    check_mask,
    check_targets,
)
from bottega.transfer.feedforward.tiling import TiledRunner
from bottega.transfer.texture.patches import extract_texture_patches
from bottega.transfer.texture.synthesis import TEXTURE_RADIUS_PIXELS

UInt8Array = NDArray[np.uint8]

MAX_PARALLEL_IMAGES = 4  # each takes its own memory; the remaining cores work within each of them


class StyleEngine:
    """Made by :func:`load_style_engine`.

    Attributes:
        network: micro or photo, in float32 and evaluation mode.
        engine, precision: as chosen: ``torch`` or ``openvino``, ``fp32`` or ``bf16``.
        parallel_images: how many images threads may stylize at the same time and gain speed.
    """

    def __init__(
        self,
        network: SelfModulatedNet,
        engine: str,
        precision: str,
        runner: TiledRunner | PhotoRunner,
        parallel_images: int = 1,
    ) -> None:
        self.network = network
        self.engine = engine
        self.precision = precision
        self.parallel_images = parallel_images
        self._runner = runner

    @torch.inference_mode()
    def encode(self, style: Tensor, mask: Tensor | None = None) -> StyleCode:
        """Measure a style image; for the micro network with its texture.

        Args:
            style: ``(1, 3, H, W)``, sRGB in [0, 1]; its size sets the size of strokes.
            mask: ``(1, 1, H, W)`` in [0, 1], the part to use.

        Raises:
            PictureError: not an image, or a mask of another size.
        """
        check_image("style", style)
        targets = [StyleTarget(None)]
        if mask is not None:
            check_mask(mask, style)
            # The rest is part of the pass as context, so that the network sees no edge at the mask's border.
            targets = [StyleTarget(None, mask=mask), StyleTarget(None, mask=1 - mask)]
        code = self.measure(style, targets)[0]
        if isinstance(self.network, MicroNet):
            code = replace(code, texture=(extract_texture_patches(style, mask),))
        return code

    @torch.inference_mode()
    def stylize(
        self,
        content: Tensor,
        targets: StyleTarget | Sequence[StyleTarget],
        content_stats: StyleCode | Sequence[StyleCode] | None = None,
    ) -> Tensor:
        """Stylize one image, as a whole or in regions.

        Args:
            content: ``(1, 3, H, W)``, sRGB in [0, 1].
            targets: one, or several with masks ``(1, 1, H, W)`` that add up to one: floats in [0, 1], or
                bytes in 0–255.
            content_stats: from :meth:`measure`, one for each target; None measures the content.

        Returns:
            ``(1, 3, H, W)`` in [0, 1].

        Raises:
            PictureError, SettingsError: targets, masks, codes and content do not fit together.
        """
        targets, stats = self._check(content, targets, content_stats)
        return self._runner.stylize(ImageBuffer(content.float()), targets, stats)

    @torch.inference_mode()
    def stylize_bytes(
        self,
        content: UInt8Array,
        targets: StyleTarget | Sequence[StyleTarget],
        content_stats: StyleCode | Sequence[StyleCode] | None = None,
    ) -> UInt8Array:
        """:meth:`stylize` for ``(H, W, 3)`` uint8, in a third of the memory and far less time."""
        pixels = _to_tensor(content)
        targets, stats = self._check(pixels.permute(2, 0, 1)[None], targets, content_stats)
        return self._runner.stylize(ImageBuffer(pixels), targets, stats).numpy()

    @torch.inference_mode()
    def measure(self, content: Tensor, targets: StyleTarget | Sequence[StyleTarget]) -> list[StyleCode]:
        """The content's own statistics under each target, for ``content_stats``, perhaps after smoothing."""
        targets, _ = self._check(content, targets)
        return self._runner.measure(ImageBuffer(content.float()), targets)

    @torch.inference_mode()
    def measure_bytes(self, content: UInt8Array, target: StyleTarget) -> StyleCode:
        """:meth:`measure` for ``(H, W, 3)`` uint8 and one target."""
        pixels = _to_tensor(content)
        targets, _ = self._check(pixels.permute(2, 0, 1)[None], target)
        return self._runner.measure(ImageBuffer(pixels), targets)[0]

    def max_pixels_in_memory(self, pixels: int) -> int:
        """How many pixels of an image with ``pixels`` pixels are processed at a time, at most."""
        if isinstance(self._runner, PhotoRunner):
            return min(pixels, BAND_PIXELS)
        if pixels <= self._runner.max_untiled_pixels:
            return pixels
        context = (self.network.reach or 0) + TEXTURE_RADIUS_PIXELS
        return (self._runner.tile_size + 2 * context) ** 2

    def _check(
        self,
        content: Tensor,
        targets: StyleTarget | Sequence[StyleTarget],
        stats: StyleCode | Sequence[StyleCode] | None = None,
    ) -> tuple[list[StyleTarget], list[StyleCode] | None]:
        """Targets and content statistics as lists that fit the content."""
        targets = [targets] if isinstance(targets, StyleTarget) else list(targets)
        check_targets(targets, content, self.network.channels)
        if len(content) != 1:
            raise PictureError(f"The engine takes one picture at a time, not {len(content)}.")
        if stats is None:
            return targets, None
        stats = [stats] if isinstance(stats, StyleCode) else list(stats)
        if len(stats) != len(targets):
            raise SettingsError(f"{len(targets)} targets need as many content statistics, not {len(stats)}.")
        return targets, stats


def load_style_engine(
    network: str | Path | SelfModulatedNet = "micro",
    *,
    engine: str = "auto",
    precision: str = "auto",
    device: str | None = None,
    threads: int | None = None,
) -> StyleEngine:
    """Load a network and prepare it for inference.

    Args:
        network: the name of weights, a ``.safetensors`` file, or a network.
        engine: one of :data:`bottega.transfer.feedforward.ENGINES`, or ``auto``.
        precision: ``fp32``, ``bf16``, or ``auto``: bf16 where the hardware supports it.
        device: a name for :func:`bottega.runtime.select_device`; None is ``auto``.
        threads: of the CPU; None means the default of :func:`bottega.runtime.set_threads`.

    Raises:
        WeightsError: there are no such weights.
        SettingsError: another kind of network, or an unknown name.
        ResourceError: the engine or the device is not available.
    """
    loaded = network if isinstance(network, nn.Module) else load(network)
    if not isinstance(loaded, MicroNet | PhotoNet):
        raise SettingsError(
            f"{type(loaded).__name__} does not take arbitrary styles; use a micro or photo network."
        )
    torch_device = runtime.select_device(device or "auto")
    engine = choose_engine(engine, torch_device, is_compilable=isinstance(loaded, MicroNet))
    thread_count = runtime.set_threads(threads or 0)
    # OpenVINO requests and GPUs serve one thread at a time.
    is_parallel = (engine, torch_device.type) == ("torch", "cpu")
    parallel_images = min(thread_count, MAX_PARALLEL_IMAGES) if is_parallel else 1
    loaded = loaded.eval().requires_grad_(False).float().cpu()
    if isinstance(loaded, PhotoNet):
        return StyleEngine(loaded, engine, "fp32", PhotoRunner(loaded, torch_device), parallel_images)
    dtype = runtime.select_dtype(torch_device, precision)
    backend = (
        TorchBackend(loaded, torch_device, dtype)
        if engine == "torch"
        else OpenVINOBackend(loaded, dtype, thread_count)
    )
    precision = "bf16" if dtype == torch.bfloat16 else "fp32"
    return StyleEngine(loaded, engine, precision, TiledRunner(loaded, backend), parallel_images)


def _to_tensor(content: UInt8Array) -> Tensor:
    if content.ndim != 3 or content.shape[2] != 3 or content.dtype != np.uint8 or content.size == 0:
        raise PictureError(
            f"Pictures as bytes must have the shape (H, W, 3) and the type uint8, not {content.shape} and "
            f"{content.dtype}."
        )
    writable = content if content.flags.writeable else content.copy()
    return torch.from_numpy(np.ascontiguousarray(writable))
