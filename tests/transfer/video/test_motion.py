"""Motion against motions that are known exactly."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bottega.transfer.video.change_detection import compare, look_at
from bottega.transfer.video.motion import camera_motion, displacement, moved
from bottega.transfer.video.temporal_filter import to_tensor
from tests.transfer.video.moving_images import photograph, samples, window

torch.set_num_threads(1)


# Frames are compared at half their size here.
def looks(*frames: torch.Tensor, noise: float = 0.0) -> list:
    return [look_at(to_tensor(samples(frame, noise, seed))) for seed, frame in enumerate(frames)]


@pytest.mark.parametrize("noise", [0, 4])
@pytest.mark.parametrize(("dx", "dy"), [(3.0, 1.0), (-2.5, 0.5), (9.0, -4.0), (0.0, 0.0)])
def test_a_pan_is_found_to_a_fifth_of_a_pixel(dx: float, dy: float, noise: float) -> None:
    picture = photograph()
    before, now = looks(window(picture, 200, 150), window(picture, 200 + dx, 150 + dy), noise=noise)
    flow = camera_motion(before.brightness, now.brightness)[0]
    # What is at x now was at x + dx in the frame before.
    assert float((flow[0] * 160 - dx).abs().max()) < 0.35
    assert float((flow[1] * 120 - dy).abs().max()) < 0.35
    assert float((flow[0] * 160 - dx).abs().mean()) < 0.2


def test_a_zoom_is_found() -> None:
    picture = photograph()
    before, now = looks(window(picture, 240, 160), window(picture, 240, 160, 1.03))
    flow = camera_motion(before.brightness, now.brightness)[0, 0, 30] * 160
    expected = (2 * np.arange(80) + 1 - 80) * (1 / 1.03 - 1)
    np.testing.assert_allclose(flow.numpy(), expected, atol=0.3)


def test_a_thing_that_moves_by_itself_is_found() -> None:
    picture = photograph()
    background = window(picture, 120, 160)
    thing = window(picture, 200, 200, size=(60, 60))
    before, now = background.clone(), background.clone()
    before[..., 30:90, 40:100], now[..., 30:90, 44:104] = thing, thing
    one, other = looks(before, now)
    flow = displacement(one.brightness, other.brightness)[0] * 160
    assert float(flow[0, 22:38, 30:45].median()) == pytest.approx(-4, abs=0.6)
    assert float(flow[0, :10].abs().median()) < 0.3


def test_what_was_moved_lies_over_what_is_there_now() -> None:
    picture = photograph()
    before, now = window(picture, 200, 150), window(picture, 205, 148)
    flow = torch.zeros(1, 2, 30, 40)
    flow[:, 0], flow[:, 1] = 5 / 160, -2 / 120
    error = (moved(before, flow, "bicubic") - now)[..., 8:-8, 8:-8].abs().max()
    assert float(error) < 1e-3


def test_a_still_is_still_in_spite_of_noise() -> None:
    frame = window(photograph(), 200, 150)
    before, now = looks(frame, frame, noise=5)
    change = compare(before, now)
    assert not change.cut
    assert change.flow is None
    assert change.still is not None
    assert float(change.still.mean()) > 0.95


def test_a_cut_is_a_cut_and_a_pan_is_none() -> None:
    picture = photograph()
    first = window(picture, 200, 150)
    flower = pictures_flower()
    before, cut, panned = looks(first, flower, window(picture, 206, 150))
    assert compare(before, cut).cut
    assert not compare(before, panned).cut


def pictures_flower() -> torch.Tensor:
    from bottega import pictures

    return window(pictures.fit(pictures.photograph("flower").pixels, 480), 240, 160)


def test_what_was_uncovered_is_not_trusted() -> None:
    picture = photograph()
    background = window(picture, 120, 160)
    before = background.clone()
    before[..., 40:80, 50:90] = torch.tensor([0.9, 0.1, 0.1]).view(1, 3, 1, 1)
    one, other = looks(before, background)
    change = compare(one, other)
    assert change.trust is not None
    assert float(change.trust[..., 23:37, 28:42].mean()) < 0.1
    assert float(change.trust[..., :15, :].mean()) > 0.9


@pytest.mark.parametrize("noise", [0, 3])
def test_faint_things_are_not_taken_for_still_while_the_camera_moves(noise: float) -> None:
    picture = photograph()
    faint = 0.7 + 0.06 * (picture - picture.mean())  # a haze: differences of a few steps
    picture = torch.cat([picture[..., :150, :], faint[..., 150:, :]], 2)
    before, now = looks(window(picture, 200, 150), window(picture, 203, 151), noise=noise)
    change = compare(before, now)
    assert change.still is not None
    assert change.flow is not None
    assert float(change.still[..., 34:, :].mean()) < 0.15
    assert float((change.flow[0, 0, 36:, 10:70] * 160).median()) == pytest.approx(3, abs=0.4)


def test_a_line_of_text_rests_while_the_camera_moves() -> None:
    picture = photograph()
    frames = [window(picture, 200, 150), window(picture, 206, 150)]
    for frame in frames:
        frame[..., 90:110, 30:130] = (torch.arange(100) // 5 % 2).float()
    before, now = looks(*frames)
    change = compare(before, now)
    assert change.still is not None
    assert float(change.still[..., 47:53, 20:60].mean()) > 0.9
    assert float(change.still[..., :35, :].mean()) < 0.1
