"""Temporal smoothing against frame by frame: ``python -m benchmarks.transfer.stability``.

Writes results/stability.md and .json: warping error and flicker on clips whose motion is known exactly, and
beside them the distance to the style, because blur would win the first two.
"""

from __future__ import annotations

import json
import shlex
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cyclopts
import numpy as np
import torch
from torch import Tensor

from benchmarks.transfer.moving_clip import MovingClip, make_clip
from bottega import pictures, runtime, styles
from bottega.errors import BottegaError
from bottega.evaluation import sliced_wasserstein
from bottega.files import write_file
from bottega.transfer.feedforward import StyleEngine, load_style_engine
from bottega.transfer.video import RegionSchedule, RegionTrack, StyleTimeline, VideoStylizer
from bottega.video import UInt8Array

WARMUP_FRAMES = 6
"""Frames after which the measures begin: temporal filters have then converged."""

app = cyclopts.App(help=__doc__)


@dataclass(frozen=True)
class Row:
    """One clip in one style, with and without temporal smoothing.

    Attributes:
        content: warping error of the clip itself: noise, and what interpolation leaves.
        loose, calm: of the painting frame by frame, and with the temporal mode.
        loose_style, calm_style: sliced Wasserstein distance to the style.
    """

    clip: str
    photograph: str
    style: str
    content: float
    independent: float
    stabilized: float
    independent_style: float
    stabilized_style: float

    @property
    def share(self) -> float:
        """Of the error that is left."""
        return self.stabilized / self.independent

    @property
    def style_change(self) -> float:
        """Relative; above zero the style is further away."""
        return self.stabilized_style / self.independent_style - 1


@app.default
def measure(
    *,
    model: str = "micro",
    style_names: str = "impasto,woodcut,watercolour,stained-glass",
    frames: int = 18,
    noise: float = 4.0,
    temporal: float = 1.0,
    engine: str = "auto",
    data: Path | None = None,
    paintings: int = 4,
    sheet_folder: Path | None = None,
    out: Path = Path("benchmarks/transfer/results"),
) -> None:
    """Measure every clip in every style.

    Parameters
    ----------
    model
        Name of weights, or a ``.safetensors`` file.
    style_names
        Bundled styles.
    frames
        Of each clip.
    noise
        Of the sensor, in 8-bit steps.
    temporal
        Strength of temporal smoothing, 0 to 1.
    engine
        ``torch``, ``openvino`` or ``auto``.
    data
        The picture collection; with it some paintings are styles too.
    paintings
        How many of them.
    look
        Folder for pictures of the last frames, content, frame by frame and calm side by side.
    out
        Folder of the tables.
    """
    start = time.perf_counter()
    source = Path(model) if model.endswith(".safetensors") else model
    network = load_style_engine(source, engine=engine)
    rows = []
    for style_name, style in _styles(style_names, data, paintings):
        code = network.encode(style)
        direction = RegionSchedule([RegionTrack("background", StyleTimeline({0: code}))])
        for photograph in pictures.PHOTOGRAPHS:
            picture = pictures.fit(pictures.photograph(photograph).pixels, 640)
            for clip_name in ("still", "pan", "zoom"):
                clip = make_clip(picture, clip_name, frames, (240, 400), noise)
                row, panels = _row(network, direction, clip, (photograph, style_name, style), temporal)
                rows.append(row)
                print(f"{row.clip} {row.photograph} {row.style}: {_summary(row)}", flush=True)
                if sheet_folder is not None:
                    sheet_folder.mkdir(parents=True, exist_ok=True)
                    sheet = pictures.as_picture(np.concatenate(panels, 1))
                    pictures.save(sheet, sheet_folder / f"{clip_name}-{photograph}-{style_name}.png")
    header = {
        "command": shlex.join(["python", "-m", "benchmarks.transfer.stability", *sys.argv[1:]]),
        "machine": runtime.system_info(),
        "engine": f"{network.engine} {network.precision}",
        "frames": frames,
        "noise": noise,
        "temporal": temporal,
        "minutes": round((time.perf_counter() - start) / 60, 1),
    }
    write(rows, header, out)


def _styles(names: str, data: Path | None, paintings: int) -> Iterator[tuple[str, Tensor]]:
    for name in filter(None, names.split(",")):
        yield name, styles.paint(name, size=(400, 400), seed=0)
    if data is not None:
        files = sorted((data / "paintings" / "masters").glob("*.jpg"))
        for path in files[:: max(1, len(files) // paintings)][:paintings]:
            yield path.stem, pictures.load(path).pixels


def _row(
    network: StyleEngine,
    direction: RegionSchedule,
    clip: MovingClip,
    names: tuple[str, str, Tensor],
    temporal: float,
) -> tuple[Row, list[UInt8Array]]:
    photograph, style_name, style = names
    independent, stabilized = (
        [frame.pixels for frame in VideoStylizer(network, direction, amount).frames(clip.frames)]
        for amount in (0.0, temporal)
    )
    before = [frame.pixels for frame in clip.frames]
    errors = [_mean_after_warmup(clip.warping_errors(each)) for each in (before, independent, stabilized)]
    distances = [_style_distance(each, style) for each in (independent, stabilized)]
    row = Row(clip.name, photograph, style_name, *errors, *distances)
    return row, [before[-1], independent[-1], stabilized[-1]]


def _mean_after_warmup(errors: list[float]) -> float:
    return statistics.fmean(errors[WARMUP_FRAMES:])


def _style_distance(stylized: list[UInt8Array], style: Tensor) -> float:
    """Mean over some of the frames."""
    chosen = stylized[WARMUP_FRAMES :: max(1, (len(stylized) - WARMUP_FRAMES) // 3)]
    tensors = (torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255 for pixels in chosen)
    return statistics.fmean(sliced_wasserstein(each, style, patches=8192).mean for each in tensors)


def _summary(row: Row) -> str:
    return (
        f"{row.independent:.4f} → {row.stabilized:.4f} ({100 * row.share:.0f} %), "
        f"style {row.independent_style:.3f} → {row.stabilized_style:.3f} ({100 * row.style_change:+.1f} %)"
    )


def markdown(rows: list[Row], header: dict[str, Any]) -> str:
    """The means of each kind of clip, then every row."""
    machine = header["machine"]
    lines = [
        f"`{header['command']}`",
        "",
        f"{machine['cpu']}, {header['engine']}; clips of {header['frames']} frames, sensor noise of "
        f"{header['noise']:g} 8-bit steps, temporal {header['temporal']:g}. {header['minutes']} minutes.",
        "",
        "Root mean square difference from the frame before, moved along (flicker, for the still): of the "
        "clip itself, and of the results. Then the distance to the style, sliced Wasserstein on Laplacian "
        "pyramids.",
        "",
        "| clip | itself | frame by frame | calm | left | style, frame by frame | style, calm | change |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in ("still", "pan", "zoom"):
        lines.append(_line(f"**{name}**", [row for row in rows if row.clip == name]))
    lines += [_line(f"{row.clip}, {row.photograph}, {row.style}", [row]) for row in rows]
    return "\n".join(lines) + "\n"


def _line(name: str, rows: list[Row]) -> str:
    def mean(values: Iterator[float]) -> float:
        return statistics.fmean(values)

    content, independent, stabilized = (
        mean(getattr(r, key) for r in rows) for key in ("content", "independent", "stabilized")
    )
    styles = [mean(getattr(r, key) for r in rows) for key in ("independent_style", "stabilized_style")]
    return (
        f"| {name} | {content:.4f} | {independent:.4f} | {stabilized:.4f} "
        f"| {100 * stabilized / independent:.0f} % "
        f"| {styles[0]:.3f} | {styles[1]:.3f} | {100 * (styles[1] / styles[0] - 1):+.1f} % |"
    )


def write(rows: list[Row], header: dict[str, Any], folder: Path) -> None:
    """Both tables, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    values = {**header, "rows": [asdict(row) for row in rows]}
    text = json.dumps(values, indent=2, ensure_ascii=False, default=str) + "\n"
    write_file(folder / "stability.json", text.encode())
    write_file(folder / "stability.md", markdown(rows, header).encode())
    print(markdown(rows, header))


if __name__ == "__main__":
    try:
        app()
    except BottegaError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
