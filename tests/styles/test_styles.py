"""Properties of every bundled style."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from bottega.errors import SettingsError
from bottega.styles import MAX_SIDE_PIXELS, MIN_SIDE_PIXELS, STYLES, paint
from bottega.styles.drawing.color_mixing import to_oklab

NAMES = list(STYLES)
SIZE = (96, 128)
# Slow ones whose strokes run through the same code as impasto's: left out where one of the kind will do.
BRUSHED = {"swirl", "pointillism", "pastel", "embroidery"}
QUICK = [name for name in NAMES if name not in BRUSHED]


@pytest.fixture(scope="module")
def pictures() -> dict[str, torch.Tensor]:
    """Every style once, small."""
    return {name: paint(name, SIZE, seed=3) for name in NAMES}


def lab(picture: torch.Tensor) -> np.ndarray:
    """(pixels, 3) OKLab."""
    return to_oklab(picture[0].permute(1, 2, 0).reshape(-1, 3).numpy())


def test_style_table() -> None:
    assert len(STYLES) >= 12
    assert {"impasto", "woodcut", "ink-wash", "mosaic", "stained-glass", "risograph"} <= set(STYLES)
    assert {"pointillism", "charcoal"} <= set(STYLES)
    for name, style in STYLES.items():
        assert style.name == name == name.lower()
        assert style.title
        assert 15 < len(style.summary) < 90
        assert not style.summary.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_shape_type_and_range(pictures: dict[str, torch.Tensor], name: str) -> None:
    picture = pictures[name]
    assert picture.shape == (1, 3, *SIZE)
    assert picture.dtype == torch.float32
    assert picture.is_contiguous()
    assert torch.isfinite(picture).all()
    assert picture.min() >= 0.0
    assert picture.max() <= 1.0


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_bits(pictures: dict[str, torch.Tensor], name: str) -> None:
    assert torch.equal(paint(name, SIZE, seed=3), pictures[name])


@pytest.mark.parametrize("name", QUICK)
def test_another_seed_is_another_composition(pictures: dict[str, torch.Tensor], name: str) -> None:
    other = paint(name, SIZE, seed=4)
    # Blurred to an eighth, so that mere grain does not count.
    small = [torch.nn.functional.avg_pool2d(one, 8) for one in (pictures[name], other)]
    assert (small[0] - small[1]).abs().mean() > 0.05


def test_palettes_are_distinct(pictures: dict[str, torch.Tensor]) -> None:
    """Sorted along each OKLab axis, the colors of two styles differ (a sliced earth mover's distance)."""
    sorted_colors = {name: np.sort(lab(picture), axis=0) for name, picture in pictures.items()}
    distances = [
        np.abs(sorted_colors[a] - sorted_colors[b]).mean(0).sum()
        for i, a in enumerate(NAMES)
        for b in NAMES[:i]
    ]
    assert np.mean(distances) > 0.15
    assert min(distances) > 0.03


@pytest.mark.parametrize("name", QUICK)
def test_extreme_proportions(name: str) -> None:
    picture = paint(name, (16, 70), seed=1)
    assert picture.shape == (1, 3, 16, 70)
    assert torch.isfinite(picture).all()
    assert picture.std() > 0.05


@pytest.mark.parametrize("name", NAMES)
def test_larger_is_the_same_picture_rich_in_tones_and_strokes(
    pictures: dict[str, torch.Tensor], name: str
) -> None:
    large = paint(name, (240, 320), seed=3)
    coarse = [torch.nn.functional.adaptive_avg_pool2d(one, 12).flatten() for one in (pictures[name], large)]
    assert torch.corrcoef(torch.stack(coarse))[0, 1] > 0.8
    lightness = lab(large)[:, 0]
    assert lightness.std() > 0.10
    dark, light = np.percentile(lightness, [2, 98])
    assert dark < 0.48
    assert light > 0.70
    # No large empty area: nearly every cell of the picture has detail of its own.
    gray = large.mean(1, keepdim=True)
    detail = (gray - torch.nn.functional.avg_pool2d(gray, 9, 1, 4, count_include_pad=False)).abs()
    cells = torch.nn.functional.avg_pool2d(detail, 40).flatten()
    assert (cells > 0.006).float().mean() > 0.9
    assert cells.median() > 0.015


@pytest.mark.parametrize(
    ("name", "hint"), [("impassto", "impasto"), ("stained glass", "stained-glass"), ("Ukiyo-e", "ukiyo-e")]
)
def test_unknown_names_suggest_the_closest(name: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        paint(name, SIZE)
    assert f"Did you mean {hint!r}" in str(caught.value)
    assert all(name in str(caught.value) for name in NAMES)


def test_very_different_names_get_no_suggestion() -> None:
    with pytest.raises(SettingsError, match="style 'xyzzy' is unknown") as caught:
        paint("xyzzy")
    assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    "size",
    [
        (MIN_SIDE_PIXELS - 1, 64),
        (64, MAX_SIDE_PIXELS + 1),
        (0, 0),
        (-5, 64),
        (64,),
        (64, 64, 3),
        (64.0, 64),
        (True, 64),
    ],
)
def test_bad_sizes(size: tuple[int, int]) -> None:
    with pytest.raises(SettingsError, match="size"):
        paint("risograph", size)


@pytest.mark.parametrize("seed", [-1, 1.5, "7", None, True])
def test_bad_seeds(seed: int) -> None:
    with pytest.raises(SettingsError, match="seed"):
        paint("risograph", SIZE, seed)


def test_importing_is_light() -> None:
    code = (
        "import sys, bottega.styles; "
        "assert not {'torch', 'scipy', 'numpy'} & set(sys.modules), 'heavy import'; "
        "print(len(bottega.styles.STYLES))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(STYLES)
