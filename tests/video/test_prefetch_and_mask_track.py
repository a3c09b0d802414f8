"""Threads that read ahead or consume in the background, and masks per frame."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bottega.errors import PictureError
from bottega.video import BackgroundConsumer, Frame, open_mask_track, ordered_map, prefetch
from tests.video.synthetic_clips import write_video


def test_prefetch_yields_the_same_items() -> None:
    assert list(prefetch(range(100), 3)) == list(range(100))


def test_prefetch_depth() -> None:
    items: list[int] = []

    def source() -> Iterator[int]:
        for number in range(50):
            items.append(number)
            yield number

    for number in prefetch(source(), 2):
        time.sleep(0.002)
        assert len(items) <= number + 5


def test_prefetch_error() -> None:
    def source() -> Iterator[int]:
        yield 1
        yield 2
        raise PictureError("broken")

    results: list[int] = []
    with pytest.raises(PictureError, match="broken"):
        results.extend(prefetch(source()))
    assert results in ([], [1, 2])


def test_closing_prefetch_early() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield from range(10**9)
        finally:
            closed.set()

    items = prefetch(source(), 2)
    next(items)
    items.close()  # type: ignore[attr-defined]
    assert closed.is_set()
    assert not any(thread.name == "bottega-prefetch" for thread in threading.enumerate())


def test_ordered_map_runs_in_parallel_and_keeps_the_order() -> None:
    together = threading.Barrier(3, timeout=20)

    def work(number: int) -> int:
        together.wait()  # for ever, if one worked after the other
        time.sleep(0.01 * (number % 3))
        return number * number

    assert list(ordered_map(work, range(12), 3)) == [number * number for number in range(12)]


def test_ordered_map_depth_and_error() -> None:
    taken: list[int] = []

    def source() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    def work(number: int) -> int:
        if number == 5:
            raise PictureError("broken")
        return number

    results = ordered_map(work, source(), 2)
    for number in range(5):
        assert next(results) == number
        assert len(taken) <= number + 4
    with pytest.raises(PictureError, match="broken"):
        next(results)


def test_background_consumer_finishes_in_order() -> None:
    done: list[int] = []
    with BackgroundConsumer[int](lambda number: (time.sleep(0.001), done.append(number)), 3) as behind:
        for number in range(30):
            behind.put(number)
    assert done == list(range(30))


def test_background_consumer_error() -> None:
    def work(number: int) -> None:
        if number == 3:
            raise PictureError("three")

    with pytest.raises(PictureError, match="three"):
        _consume(work, 10**6)


def test_background_consumer_stops_after_an_error_in_the_block() -> None:
    done: list[int] = []

    def work(number: int) -> None:
        time.sleep(0.05)
        done.append(number)

    with pytest.raises(KeyError):
        _consume(work, 5, KeyError())
    assert len(done) <= 1


def _consume(work: Callable[[int], None], count: int, error: Exception | None = None) -> None:
    with BackgroundConsumer(work, 10) as behind:
        for number in range(count):
            behind.put(number)
        if error is not None:
            raise error


def frame(number: int, size: tuple[int, int] = (20, 30)) -> Frame:
    return Frame(np.zeros((*size, 3), np.uint8), Fraction(number, 25), number)


def write_mask(path: Path, column: int) -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[:, column] = 255
    Image.fromarray(mask).save(path)


def test_mask_folder_is_matched_by_number(tmp_path: Path) -> None:
    for number in (1, 2, 4):
        write_mask(tmp_path / f"m{number:03d}.png", number)
    notes: list[str] = []
    track = open_mask_track(tmp_path, notes.append)
    columns = [int(track(frame(number)).argmax(1)[0]) for number in range(5)]
    assert columns == [1, 2, 2, 4, 4]
    assert len(notes) == 1
    assert "no mask number 3" in notes[0]


def columns_of(folder: Path, numbers: list[int], notes: list[str]) -> list[int]:
    """The columns that the masks of frames with these numbers select."""
    track = open_mask_track(folder, notes.append, numbers=numbers)
    return [int(track(frame(index)).argmax(1)[0]) for index in range(len(numbers))]


@pytest.mark.parametrize(
    ("masks", "frames", "expected", "noted"),
    [
        ([1, 2, 5, 6], [1, 2, 5, 6], [1, 2, 5, 6], False),  # a gap in both
        ([1, 2, 3, 4, 5, 6], [1, 2, 5, 6], [1, 2, 5, 6], False),  # frames are missing
        ([1, 2, 6], [1, 2, 5, 6], [1, 2, 2, 6], True),  # a mask is missing
        ([5, 6, 9], [1, 2, 5], [5, 6, 9], False),  # other numbers: the lowest belong together
        ([3, 4], [2, 3, 4], [3, 3, 4], True),  # the first mask is missing
    ],
)
def test_mask_folder_follows_the_numbers_of_a_frame_folder(
    tmp_path: Path, masks: list[int], frames: list[int], expected: list[int], noted: bool
) -> None:
    for number in masks:
        write_mask(tmp_path / f"m{number:03d}.png", number)
    notes: list[str] = []
    assert columns_of(tmp_path, frames, notes) == expected
    assert bool(notes) == noted


def test_single_mask(tmp_path: Path) -> None:
    write_mask(tmp_path / "m.png", 7)
    track = open_mask_track(tmp_path / "m.png")
    for number in (0, 5):
        mask = track(frame(number))
        assert mask.dtype == np.float32
        assert mask[:, 7].min() == 1
        assert mask.sum() == 20
    with pytest.raises(PictureError, match="30 × 20"):
        track(frame(0, (20, 31)))


def test_mask_video_is_matched_by_time(tmp_path: Path) -> None:
    masks = []
    for number in range(10):
        mask = np.zeros((32, 64, 3), np.uint8)
        mask[:, : 6 * (number + 1)] = 255
        masks.append(mask)
    # Half as many frames per second as the clip, and files that begin at other times.
    times = [Fraction(number, 25) * 2 for number in range(10)]
    path = write_video(tmp_path / "m.ts", masks, times=times, format="yuv420p")
    notes: list[str] = []
    track = open_mask_track(path, notes.append, start=Fraction(3, 25))
    for number in (0, 1, 2, 5, 11, 3):  # and back again
        wide = float(track(frame(number + 3, (32, 64))).mean()) * 64
        assert wide == pytest.approx(6 * (number // 2 + 1), abs=0.5)
    assert notes == []
    track(frame(30, (32, 64)))
    assert len(notes) == 1
    assert "ends before the clip" in notes[0]
