"""Estimated motion compared with exact motion."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bottega.transfer.video.change_detection import compute_signature, detect_change
from bottega.transfer.video.motion import camera_motion, optical_flow, warp
from bottega.transfer.video.temporal_filter import to_tensor
from tests.transfer.video.moving_images import photograph, samples, window

torch.set_num_threads(1)


# Frames are compared at half their size.
def signatures(*frames: torch.Tensor, noise: float = 0.0) -> list:
    return [compute_signature(to_tensor(samples(frame, noise, seed))) for seed, frame in enumerate(frames)]


@pytest.mark.parametrize("noise", [0, 4])
@pytest.mark.parametrize(("dx", "dy"), [(3.0, 1.0), (-2.5, 0.5), (9.0, -4.0), (0.0, 0.0)])
def test_pan_is_estimated_to_a_fifth_of_a_pixel(dx: float, dy: float, noise: float) -> None:
    picture = photograph()
    before, now = signatures(window(picture, 200, 150), window(picture, 200 + dx, 150 + dy), noise=noise)
    flow = camera_motion(before.brightness, now.brightness)[0]
    # What is at x now was at x + dx in the frame before.
    assert float((flow[0] * 160 - dx).abs().max()) < 0.35
    assert float((flow[1] * 120 - dy).abs().max()) < 0.35
    assert float((flow[0] * 160 - dx).abs().mean()) < 0.2


def test_zoom_is_estimated() -> None:
    picture = photograph()
    before, now = signatures(window(picture, 240, 160), window(picture, 240, 160, 1.03))
    flow = camera_motion(before.brightness, now.brightness)[0, 0, 30] * 160
    expected = (2 * np.arange(80) + 1 - 80) * (1 / 1.03 - 1)
    np.testing.assert_allclose(flow.numpy(), expected, atol=0.3)


def test_moving_object_is_estimated() -> None:
    picture = photograph()
    background = window(picture, 120, 160)
    thing = window(picture, 200, 200, size=(60, 60))
    before, now = background.clone(), background.clone()
    before[..., 30:90, 40:100], now[..., 30:90, 44:104] = thing, thing
    one, other = signatures(before, now)
    flow = optical_flow(one.brightness, other.brightness)[0] * 160
    assert float(flow[0, 22:38, 30:45].median()) == pytest.approx(-4, abs=0.6)
    assert float(flow[0, :10].abs().median()) < 0.3


def test_warped_frame_matches_the_current_frame() -> None:
    picture = photograph()
    before, now = window(picture, 200, 150), window(picture, 205, 148)
    flow = torch.zeros(1, 2, 30, 40)
    flow[:, 0], flow[:, 1] = 5 / 160, -2 / 120
    error = (warp(before, flow, "bicubic") - now)[..., 8:-8, 8:-8].abs().max()
    assert float(error) < 1e-3


def test_noise_alone_is_static() -> None:
    frame = window(photograph(), 200, 150)
    before, now = signatures(frame, frame, noise=5)
    change = detect_change(before, now)
    assert not change.is_cut
    assert change.flow is None
    assert change.static is not None
    assert float(change.static.mean()) > 0.95


def test_cut_is_detected_and_pan_is_not_a_cut() -> None:
    picture = photograph()
    first = window(picture, 200, 150)
    flower = pictures_flower()
    before, cut, panned = signatures(first, flower, window(picture, 206, 150))
    assert detect_change(before, cut).is_cut
    assert not detect_change(before, panned).is_cut


def pictures_flower() -> torch.Tensor:
    from bottega import pictures

    return window(pictures.fit(pictures.photograph("flower").pixels, 480), 240, 160)


def test_uncovered_background_is_not_trusted() -> None:
    picture = photograph()
    background = window(picture, 120, 160)
    before = background.clone()
    before[..., 40:80, 50:90] = torch.tensor([0.9, 0.1, 0.1]).view(1, 3, 1, 1)
    one, other = signatures(before, background)
    change = detect_change(one, other)
    assert change.trust is not None
    assert float(change.trust[..., 23:37, 28:42].mean()) < 0.1
    assert float(change.trust[..., :15, :].mean()) > 0.9


@pytest.mark.parametrize("noise", [0, 3])
def test_faint_objects_are_not_static_while_the_camera_moves(noise: float) -> None:
    picture = photograph()
    faint = 0.7 + 0.06 * (picture - picture.mean())  # a haze: differences of a few steps
    picture = torch.cat([picture[..., :150, :], faint[..., 150:, :]], 2)
    before, now = signatures(window(picture, 200, 150), window(picture, 203, 151), noise=noise)
    change = detect_change(before, now)
    assert change.static is not None
    assert change.flow is not None
    assert float(change.static[..., 34:, :].mean()) < 0.15
    assert float((change.flow[0, 0, 36:, 10:70] * 160).median()) == pytest.approx(3, abs=0.4)


def test_text_overlay_is_static_while_the_camera_moves() -> None:
    picture = photograph()
    frames = [window(picture, 200, 150), window(picture, 206, 150)]
    for frame in frames:
        frame[..., 90:110, 30:130] = (torch.arange(100) // 5 % 2).float()
    before, now = signatures(*frames)
    change = detect_change(before, now)
    assert change.static is not None
    assert float(change.static[..., 47:53, 20:60].mean()) > 0.9
    assert float(change.static[..., :35, :].mean()) < 0.1
