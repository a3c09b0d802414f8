"""Frames per second from film to film: ``python -m benchmarks.transfer.video``.

Makes a film of a camera that pans over a photograph, 640 × 360 with sensor noise, and paints it as
``bottega stylize`` does: decoding, stylizing and encoding in parallel, with temporal mode and without. Then
every step by itself on one thread, in processor time, which shows where the time goes. Writes
results/video.md and .json.
"""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import cyclopts
import torch

from benchmarks.transfer.moving_clip import make_clip
from bottega import pictures, runtime, styles
from bottega.errors import BottegaError
from bottega.files import write_file
from bottega.transfer.feedforward import StyleEngine, load_style_engine
from bottega.transfer.video import RegionSchedule, RegionTrack, StyleTimeline, VideoStylizer
from bottega.video import BackgroundConsumer, ClipInfo, Frame, SegmentWriter, VideoFile, choose_encoding, mux

app = cyclopts.App(help=__doc__)
Thing = TypeVar("Thing")


@app.default
def measure(
    *,
    model: str = "micro",
    frames: int = 250,
    width: int = 640,
    height: int = 360,
    engine: str = "auto",
    threads: int = 0,
    codec: str = "auto",
    out: Path = Path("benchmarks/transfer/results"),
) -> None:
    """Measure.

    Parameters
    ----------
    model
        Name of weights, or a ``.safetensors`` file.
    frames
        Of the film.
    width, height
        Of the film, in pixels.
    engine
        ``torch``, ``openvino`` or ``auto``.
    threads
        Of the engine; 0 takes all cores.
    codec
        Of both films.
    out
        Folder of the tables.
    """
    runtime.configure_malloc()
    source = Path(model) if model.endswith(".safetensors") else model
    network = load_style_engine(source, engine=engine, threads=threads or None)
    style = styles.paint("impasto", size=(400, 400), seed=0)
    direction = RegionSchedule([RegionTrack("background", StyleTimeline({0: network.encode(style)}))])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film = _make_film(folder, frames, (height, width), codec)
        speeds = {}
        for temporal in (0.0, 1.0):
            _frames_per_second(
                film, folder, network, direction, temporal, codec, limit=12
            )  # engines compile first
            speeds[temporal] = _frames_per_second(film, folder, network, direction, temporal, codec)
        machine = runtime.system_info()
        torch.set_num_threads(1)  # as for each frame; threads that wait for each other count as work
        steps = _steps(film, folder, network, direction, codec)
    header = {
        "command": shlex.join(["python", "-m", "benchmarks.transfer.video", *sys.argv[1:]]),
        "machine": machine,
        "engine": f"{network.engine} {network.precision}",
        "frames": frames,
        "size": [width, height],
        "frames_per_second": speeds,
        "milliseconds_per_frame": steps,
    }
    text = json.dumps(header, indent=2, ensure_ascii=False, default=str) + "\n"
    out.mkdir(parents=True, exist_ok=True)
    write_file(out / "video.json", text.encode())
    write_file(out / "video.md", markdown(header).encode())
    print(markdown(header))


def _make_film(folder: Path, count: int, size: tuple[int, int], codec: str) -> Path:
    picture = pictures.fit(pictures.photograph("china").pixels, max(size) * 2)
    # There and back again, so that the photograph is never left.
    clip = make_clip(picture, "pan", min(count, 60), size, 2.0).frames
    sequence = [*clip, *clip[-2:0:-1]]
    path = folder / "source.mp4"
    info = ClipInfo("source", size[1], size[0], Fraction(30), count, count / 30, Fraction(1, 30))
    with SegmentWriter(folder / "source.nut", info, choose_encoding(path, codec)) as writer:
        for number in range(count):
            writer.write(replace(sequence[number % len(sequence)], time=Fraction(number, 30), index=number))
    return mux([folder / "source.nut"], path, frame_count=count, frame_rate=info.frame_rate)


def _frames_per_second(
    film: Path,
    folder: Path,
    network: StyleEngine,
    direction: RegionSchedule,
    temporal: float,
    codec: str,
    limit: int | None = None,
) -> float:
    """Frames per second, all in all."""
    clip, stylizer = VideoFile(film), VideoStylizer(network, direction, temporal)
    target = folder / "stylized.mp4"
    count, start = 0, time.perf_counter()
    writer = SegmentWriter(folder / "stylized.nut", clip.info, choose_encoding(target, codec))
    with writer, BackgroundConsumer[Any](lambda raw: writer.write(stylizer.stabilize(raw))) as behind:
        for raw in stylizer.stylize_parallel(_first(clip.frames(), limit)):
            behind.put(raw)
            count += 1
    mux([folder / "stylized.nut"], target, frame_count=count, frame_rate=clip.info.frame_rate)
    return count / (time.perf_counter() - start)


def _steps(
    film: Path, folder: Path, network: StyleEngine, direction: RegionSchedule, codec: str, count: int = 60
) -> dict[str, float]:
    """Milliseconds of processor time per frame, each step by itself."""
    milliseconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], list[Thing]]) -> list[Thing]:
        start = time.process_time()
        items = work()
        milliseconds[name] = (time.process_time() - start) * 1000 / max(1, len(items))
        return items

    clip, stylizer = VideoFile(film), VideoStylizer(network, direction)
    frames: list[Frame] = timed("decode", lambda: list(_first(clip.frames(), count)))
    ready = timed("prepare (temporal)", lambda: [stylizer.prepare(frame) for frame in frames])
    raw = timed("paint", lambda: [stylizer.stylize(each) for each in ready])
    stylized = timed("stabilize (temporal)", lambda: [stylizer.stabilize(each) for each in raw])
    with SegmentWriter(folder / "steps.nut", clip.info, choose_encoding(Path("a.mp4"), codec)) as writer:
        timed("encode", lambda: _write_all(writer, stylized))
    return milliseconds


def _write_all(writer: SegmentWriter, frames: list[Frame]) -> list[Frame]:
    for frame in frames:
        writer.write(frame)
    return frames


def _first(items: Iterable[Thing], limit: int | None) -> Iterator[Thing]:
    for number, item in enumerate(items):
        if number == limit:
            return
        yield item


def markdown(header: dict[str, Any]) -> str:
    """The table."""
    machine, speeds = header["machine"], header["frames_per_second"]
    width, height = header["size"]
    lines = [
        f"`{header['command']}`",
        "",
        f"{machine['cpu']}, {machine['threads']} threads, {header['engine']}; {header['frames']} frames of "
        f"{width} × {height}, from file to file.",
        "",
        "| | frames per second |",
        "| --- | --- |",
        f"| frame by frame | {speeds[0.0]:.1f} |",
        f"| calm (temporal 1) | {speeds[1.0]:.1f} |",
        "",
        "| step | milliseconds of processor time per frame |",
        "| --- | --- |",
        *[f"| {name} | {value:.1f} |" for name, value in header["milliseconds_per_frame"].items()],
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    try:
        app()
    except BottegaError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
