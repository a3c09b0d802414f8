"""The measurements, each run in its own process."""

from __future__ import annotations

import time

from bottega.encoders import load_encoder
from bottega.pictures import photograph
from bottega.runtime import configure_malloc, peak_memory, select_device, select_dtype
from bottega.styles import paint as paint_style
from bottega.transfer.optimize.runner import optimize
from bottega.transfer.optimize.settings import OptimizeSettings
from bottega.transfer.optimize.state import OptimizationProgress
from bottega.transfer.regions import Style


def stylize_print(size: int) -> dict[str, float]:
    """Stylize a print of ``size`` × ``size`` pixels: peak memory and time of the last iteration."""
    configure_malloc()
    ends: list[float] = []
    content = photograph("china").pixels[..., :427, :427]
    style = paint_style("woodcut", (1024, 1024))
    settings = OptimizeSettings(size=size, first_size=256, scale_step=4, iterations=1, last_iterations=2)

    def record(progress: OptimizationProgress) -> None:
        ends.append(progress.seconds)

    encoder = load_encoder("small").to(select_dtype(select_device("cpu")))
    start = time.monotonic()
    optimize(content, [Style(style)], settings, encoder=encoder, on_progress=record)
    return {
        "size": size,
        "seconds_per_iteration": round(ends[-1] - ends[-2], 2),
        "total_seconds": round(time.monotonic() - start, 1),
        "peak_gb": round(peak_memory() / 1e9, 2),
    }


def compare_tiled_and_untiled() -> float:
    """Mean difference between a tiled and an untiled result at 1024 × 683, in 1/255."""
    configure_malloc()
    content, style = photograph("china").pixels, paint_style("woodcut", (768, 768))
    encoder = load_encoder("small").to(select_dtype(select_device("cpu")))
    settings = OptimizeSettings(size=1024, iterations=6, last_iterations=6)
    results = [
        optimize(content, [Style(style)], settings.model_copy(update={"tile": tile}), encoder=encoder).picture
        for tile in (0, 256)
    ]
    return round(float((results[0] - results[1]).abs().mean()) * 255, 3)
