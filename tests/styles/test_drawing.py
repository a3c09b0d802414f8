"""The drawing functions of the styles against independent computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image, ImageCms

from bottega.styles.drawing.canvas import Canvas, smoothstep
from bottega.styles.drawing.color_mixing import from_oklab, hex_color, overprint, to_linear, to_oklab, to_srgb
from bottega.styles.drawing.hatching import halftone, hatch, line_phase
from bottega.styles.drawing.motif import edge_distance
from bottega.styles.drawing.strokes import Strokes, bristle_brush, draw_strokes
from bottega.styles.drawing.tiles import connected_pieces, tesserae


def test_a_canvas_has_the_same_area_in_units_at_every_size() -> None:
    for size in ((64, 64), (100, 37), (768, 512)):
        canvas = Canvas(size, 0)
        assert canvas.tall * canvas.wide == pytest.approx(768.0**2, rel=1e-3)


def test_noise_is_standard_and_the_same_at_every_resolution() -> None:
    small, large = Canvas((96, 128), 5).noise(40, 3), Canvas((288, 384), 5).noise(40, 3)
    assert abs(large.mean()) < 0.2
    assert large.std() == pytest.approx(1.0, abs=0.12)
    # A small pixel lies exactly on the middle one of the three by three large pixels.
    assert np.abs(large[1::3, 1::3] - small).max() < 1e-4


def test_oklab_of_known_colors() -> None:
    """White, red and blue as published with the color space (to three decimals)."""
    expected = {"ffffff": (1.0, 0.0, 0.0), "ff0000": (0.628, 0.225, 0.126), "0000ff": (0.452, -0.032, -0.312)}
    for name, value in expected.items():
        assert to_oklab(hex_color(name)) == pytest.approx(value, abs=1e-3)


def test_lab_and_linear_light_come_back() -> None:
    colors = np.random.default_rng(0).random((500, 3), np.float32)
    assert np.abs(to_srgb(to_linear(colors)) - colors).max() < 1e-5
    assert np.abs(from_oklab(to_oklab(colors)) - colors).max() < 1e-4


def test_linear_light_agrees_with_the_srgb_profile() -> None:
    """Little CMS's sRGB profile turned into XYZ-like gray: Y of a gray is its linear light."""
    grays = np.repeat(np.arange(0, 256, 15, dtype=np.uint8)[None, :, None], 3, axis=2)
    to_gray_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    star = np.asarray(ImageCms.applyTransform(Image.fromarray(grays), to_gray_lab))[0, :, 0] / 255 * 100
    expected = np.where(star > 8, ((star + 16) / 116) ** 3, star / 903.3)
    assert np.abs(to_linear(grays[0, :, 0].astype(np.float32) / 255) - expected).max() < 0.012


def test_inks_multiply() -> None:
    solid = np.ones((2, 2), np.float32)
    picture = overprint(hex_color("ffffff"), [("ffff00", solid), ("00ffff", solid)])
    assert np.abs(picture - hex_color("00ff00")).max() < 1e-5
    half = overprint(hex_color("ffffff"), [("000000", 0.5 * solid)])
    assert to_linear(half) == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize("share", [0.15, 0.4, 0.75])
def test_hatching_prints_the_given_share(share: float) -> None:
    canvas = Canvas((400, 400), 0)
    phase = np.broadcast_to(canvas.y + 0.3 * canvas.x, (400, 400)).astype(np.float32)
    inked = hatch(canvas, phase, 12.0, np.full((400, 400), share, np.float32))
    assert inked.mean() == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.8, 1.0])
def test_halftone_prints_the_given_coverage(share: float) -> None:
    dots = halftone(Canvas((600, 600), 0), np.full((600, 600), share, np.float32), 0.4, 9.0)
    assert dots.mean() == pytest.approx(share, abs=0.05)


def test_edge_distance_of_a_straight_border() -> None:
    label = np.zeros((40, 60), np.int32)
    label[:, 30:] = 1
    distance = edge_distance(label)[20]
    assert distance[10] == pytest.approx(20.2, abs=0.1)
    assert distance[50] == pytest.approx(20.2, abs=0.1)
    assert edge_distance(np.zeros((9, 12), np.int32)).min() >= 9


def test_a_stroke_stays_inside_its_box() -> None:
    canvas = Canvas((200, 200), 0)
    picture = np.zeros((200, 200, 3), np.float32)
    one = np.ones(1, np.float32)
    middle = 384 * one
    stroke = Strokes(middle, middle, 0 * one, 200 * one, 40 * one, 0 * one, np.ones((1, 3), np.float32), one)
    draw_strokes(canvas, picture, stroke, bristle_brush(np.random.default_rng(0), dry=0.0))
    rows, columns = np.nonzero(picture[..., 0] > 0.02)
    unit = canvas.unit
    assert picture[100, 90:105, 0].min() > 0.8
    assert abs(rows - 99.5).max() <= 20 * unit + 1
    assert abs(columns - 99.5).max() <= 100 * unit + 1


def test_tesserae_lie_in_rows_along_the_flow() -> None:
    canvas = Canvas((192, 192), 1)
    turn = 0.5
    flow = np.full((192, 192), turn, np.float32)
    phase = line_phase(canvas, turn, canvas.zeros())
    x, y, index = tesserae(canvas, phase, flow, 24.0, np.full((192, 192), 99, np.float32))
    inside = (x > 60) & (x < 700) & (y > 60) & (y < 700)
    dx, dy = x[:, None] - x[inside], y[:, None] - y[inside]
    distance = np.hypot(dx, dy)
    neighbors = (distance > 0) & (distance < 1.25 * 24)
    # Neighbors sit ahead, behind or beside: four times their angle gathers around zero.
    assert np.cos(4 * (np.arctan2(dy, dx) - turn))[neighbors].mean() > 0.2
    assert (index < 0).mean() < 0.02


def test_pieces_are_connected_and_not_small() -> None:
    canvas = Canvas((120, 120), 0)
    first = np.zeros((120, 120), np.int32)
    first[:, 40:80] = 1
    second = np.zeros((120, 120), np.int32)
    second[60:63, 60:63] = 1
    label = connected_pieces(canvas, first, second, min_area=20 / canvas.unit**2)
    # Left, middle and right: the left and right share a number in ``first`` but do not touch.
    assert sorted(np.unique(label)) == [0, 1, 2]
    assert len({label[5, 5], label[5, 60], label[5, 110]}) == 3


def test_smooth_step_rises_and_falls() -> None:
    ends = smoothstep(1.0, 3.0, np.array([0.0, 1.0, 2.0, 3.0, 9.0], np.float32))
    assert ends == pytest.approx([0, 0, 0.5, 1, 1])
    assert smoothstep(3.0, 1.0, np.array([1.5], np.float32))[0] > 0.5
    assert math.isclose(float(smoothstep(0, 1, np.array([0.25], np.float32))[0]), 0.15625)
