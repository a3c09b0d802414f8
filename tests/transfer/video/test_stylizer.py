"""Stylized frames: stable where nothing happens, without ghosts, the same after an interruption."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bottega.errors import PictureError, SettingsError
from bottega.transfer.feedforward import MicroNet, StyleCode, StyleEngine, StyleTarget, load_style_engine
from bottega.transfer.video import RegionSchedule, RegionTrack, StyleTimeline, VideoStylizer
from bottega.transfer.video.ema_statistics import MEASURE_INTERVAL, EmaStatistics
from bottega.transfer.video.temporal_filter import InputDenoiser, OutputStabilizer
from bottega.video import Frame, Mask
from tests.transfer.video.moving_images import photograph, samples, window

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def engine() -> StyleEngine:
    torch.manual_seed(0)
    network = MicroNet(fine=8, coarse=8, blocks=1, deep_blocks=1)
    torch.nn.init.normal_(network.head.weight, std=0.03)
    return load_style_engine(network, engine="torch", precision="fp32", device="cpu", threads=1)


@pytest.fixture(scope="module")
def codes(engine: StyleEngine) -> list[StyleCode]:
    generator = torch.Generator().manual_seed(1)
    return [engine.encode(torch.rand(1, 3, 64, 64, generator=generator) ** power) for power in (1, 3)]


def clip(pictures: Sequence[NDArray[np.uint8]]) -> list[Frame]:
    return [Frame(pixels, Fraction(number, 25), number) for number, pixels in enumerate(pictures)]


def still(count: int, noise: float) -> list[Frame]:
    picture = window(photograph(), 200, 150)
    return clip([samples(picture, noise, seed) for seed in range(count)])


def pan(count: int, noise: float) -> list[Frame]:
    picture = photograph()
    return clip([samples(window(picture, 180 + 3 * n, 150), noise, n) for n in range(count)])


def stylize(
    engine: StyleEngine, code: StyleCode, frames: list[Frame], temporal: float
) -> NDArray[np.float64]:
    stylizer = VideoStylizer(
        engine, RegionSchedule([RegionTrack("background", StyleTimeline({0: code}))]), temporal
    )
    return np.stack([frame.pixels for frame in stylizer.frames(frames)]).astype(float)


def test_without_smoothing_frames_are_independent(engine: StyleEngine, codes: list[StyleCode]) -> None:
    frames = pan(3, 3)
    results = stylize(engine, codes[0], frames, 0)
    for pixels, frame in zip(results, frames, strict=True):
        np.testing.assert_array_equal(pixels, engine.stylize_bytes(frame.pixels, StyleTarget(codes[0])))


def test_noise_of_a_static_scene_is_suppressed(engine: StyleEngine, codes: list[StyleCode]) -> None:
    frames = still(12, 4)
    unstable, stable = (stylize(engine, codes[0], frames, temporal) for temporal in (0.0, 1.0))
    flicker = [np.abs(np.diff(clip[5:], axis=0)).mean() for clip in (unstable, stable)]
    assert flicker[1] < 0.25 * flicker[0]
    # It is still the same painting, with its strokes.
    assert stable[-1].std() > 0.95 * unstable[-1].std()


def test_strokes_follow_a_pan(engine: StyleEngine, codes: list[StyleCode]) -> None:
    frames = pan(10, 4)
    unstable, stable = (stylize(engine, codes[0], frames, temporal) for temporal in (0.0, 1.0))
    # What is at x now was at x + 3: no interpolation is needed to compare.
    errors = [np.abs(clip[5:, :, :-3] - clip[4:-1, :, 3:]).mean() for clip in (unstable, stable)]
    assert errors[1] < 0.6 * errors[0]
    assert stable[-1].std() > 0.75 * unstable[-1].std()


def test_half_the_smoothing_is_between(engine: StyleEngine, codes: list[StyleCode]) -> None:
    frames = still(8, 4)
    flicker = [
        np.abs(np.diff(stylize(engine, codes[0], frames, temporal)[3:], axis=0)).mean()
        for temporal in (0.0, 0.5, 1.0)
    ]
    assert flicker[0] > 1.2 * flicker[1] > 1.4 * flicker[2]


def test_cut_resets_the_past(engine: StyleEngine, codes: list[StyleCode]) -> None:
    picture = photograph()
    first = samples(window(picture, 180, 150))
    second = (255 - first[:, ::-1]).copy()
    after = stylize(engine, codes[0], clip([first] * 4 + [second]), 1.0)[-1]
    np.testing.assert_array_equal(after, engine.stylize_bytes(second, StyleTarget(codes[0])))


def test_removed_object_leaves_no_ghost() -> None:
    background = samples(window(photograph(), 120, 160), noise=2)
    with_thing = background.copy()
    with_thing[40:80, 60:100] = (230, 30, 30)
    before, after = InputDenoiser(), OutputStabilizer()
    for pixels in [with_thing] * 4 + [background]:
        prepared = before.denoise(pixels)
        result = after.stabilize(prepared.pixels, prepared)
    place = (slice(44, 76), slice(64, 96))
    assert np.abs(result[place].astype(float) - background[place]).mean() < 2


def test_styles_fade(engine: StyleEngine, codes: list[StyleCode]) -> None:
    frame = still(1, 0)[0].pixels
    timeline = StyleTimeline({1: codes[0], 3: codes[1]})
    stylizer = VideoStylizer(engine, RegionSchedule([RegionTrack("background", timeline)]), 0)
    frames = [Frame(frame, Fraction(second), second) for second in range(5)]
    results = [each.pixels.astype(float) for each in stylizer.frames(frames)]
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[3], results[4])
    whole = np.abs(results[3] - results[1]).mean()
    assert 0.2 * whole < np.abs(results[2] - results[1]).mean() < whole
    np.testing.assert_array_equal(results[3], engine.stylize_bytes(frame, StyleTarget(codes[1])))


def test_timelines() -> None:
    with pytest.raises(SettingsError, match="at least one"):
        StyleTimeline({})
    assert StyleTimeline.interval(_times(0, 5), 2.5) == (0, 0.5)
    assert StyleTimeline.interval(_times(2, 5), 0) == (0, 0.0)
    assert StyleTimeline.interval(_times(2, 5), 9) == (1, 0.0)


def _times(*times: float) -> StyleTimeline:
    return StyleTimeline(dict.fromkeys(times, _any_code()))


def _any_code() -> StyleCode:
    network = MicroNet(fine=4, coarse=4, blocks=0, deep_blocks=0)
    return network.encode(torch.rand(1, 3, 32, 32))


def test_styles_at_one_time_mix(codes: list[StyleCode]) -> None:
    timeline = StyleTimeline.from_weighted_styles(
        [(0.0, codes[0], 1.0), (0.0, codes[1], 3.0), (2.0, codes[1], 1.0)]
    )
    assert timeline.times == [0.0, 2.0]
    means, _ = timeline.at(0).mean_std_vectors()
    expected = 0.25 * codes[0].mean_std_vectors()[0] + 0.75 * codes[1].mean_std_vectors()[0]
    torch.testing.assert_close(means, expected)


@pytest.mark.parametrize("temporal", [0.0, 1.0])
def test_moving_masks(engine: StyleEngine, codes: list[StyleCode], temporal: float) -> None:
    frames = still(5, 3)

    def mask(frame: Frame) -> Mask:
        mask = np.zeros((120, 160), np.float32)
        if frame.index < 4:  # then the thing has left the picture
            mask[:, 8 * frame.index : 8 * frame.index + 80] = 1
        return mask

    tracks = [RegionTrack("thing", StyleTimeline({0: codes[0]}), mask), RegionTrack("background", None)]
    results = list(VideoStylizer(engine, RegionSchedule(tracks), temporal).frames(frames))
    for frame, before in zip(results, frames, strict=True):
        covered = mask(frame) == 1
        np.testing.assert_array_equal(frame.pixels[~covered], before.pixels[~covered])
        if covered.any():
            assert np.abs(frame.pixels[covered] - before.pixels[covered].astype(float)).mean() > 3


def test_mask_of_another_size(engine: StyleEngine, codes: list[StyleCode]) -> None:
    tracks = [RegionTrack("thing", StyleTimeline({0: codes[0]}), lambda frame: np.ones((3, 4), np.float32))]
    with pytest.raises(PictureError, match="160 × 120"):
        list(
            VideoStylizer(engine, RegionSchedule([*tracks, RegionTrack("background", None)])).frames(
                still(1, 0)
            )
        )


def test_continuing_from_a_state_changes_nothing(engine: StyleEngine, codes: list[StyleCode]) -> None:
    schedule = RegionSchedule([RegionTrack("background", StyleTimeline({0: codes[0], 1: codes[1]}))])
    frames = pan(14, 4)
    straight = [frame.pixels for frame in VideoStylizer(engine, schedule).frames(frames)]
    first = VideoStylizer(engine, schedule)
    for frame in frames[:6]:
        raw = first.stylize(first.prepare(frame))
        first.stabilize(raw)
    state = {name: tensor.clone() for name, tensor in first.state(raw).items()}
    second = VideoStylizer(engine, schedule)
    second.load_state(state)
    rest = [frame.pixels for frame in second.frames(frames[6:])]
    # Sums of floats may come out otherwise in their last bit from run to run: a rounding here and there.
    for one, other in zip(straight[6:], rest, strict=True):
        assert np.abs(one.astype(int) - other).mean() < 0.01


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("temporal", [0.0, 1.0])
def test_parallel_equals_sequential(
    engine: StyleEngine,
    codes: list[StyleCode],
    monkeypatch: pytest.MonkeyPatch,
    temporal: float,
    workers: int,
) -> None:
    monkeypatch.setattr(engine, "parallel_images", workers)
    threads = torch.get_num_threads()
    schedule = RegionSchedule([RegionTrack("background", StyleTimeline({0: codes[0]}))])
    frames = pan(8, 4)
    straight = [frame.pixels for frame in VideoStylizer(engine, schedule, temporal).frames(frames)]
    stylizer = VideoStylizer(engine, schedule, temporal)
    threaded = [stylizer.stabilize(raw).pixels for raw in stylizer.stylize_parallel(iter(frames))]
    assert torch.get_num_threads() == threads
    np.testing.assert_array_equal(np.stack(straight), np.stack(threaded))


def test_statistics_are_measured_every_few_frames_and_smoothed(codes: list[StyleCode]) -> None:
    calls = []

    def measure() -> dict[str, StyleCode]:
        calls.append(1)
        return {"background": codes[0] if len(calls) == 1 else codes[1]}

    statistics = EmaStatistics()
    means = []
    for _ in range(3 * MEASURE_INTERVAL):
        means.append(
            statistics.update(["background"], measure, is_cut=False)["background"].mean_std_vectors()[0]
        )
    assert len(calls) == 3
    steps = [float((b - a).abs().max()) for a, b in pairwise(means)]
    whole = float((codes[1].mean_std_vectors()[0] - codes[0].mean_std_vectors()[0]).abs().max())
    assert max(steps) < 0.2 * whole
    statistics.update(["background"], measure, is_cut=True)
    assert len(calls) == 4
