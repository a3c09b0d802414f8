from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import torch
from torch import Tensor

from bottega.errors import PictureError, SettingsError
from bottega.layers import oklab_to_rgb, rgb_to_oklab
from bottega.pictures import fit, photograph
from bottega.transfer.color_transfer import color_transfer, luminance_transfer, match_color


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def pictures() -> tuple[Tensor, Tensor]:
    """The two photographs, small: a temple under a grey sky and a red flower."""
    china, flower = (fit(photograph(name), 160).pixels.double() for name in ("china", "flower"))
    return china, flower


def muted(seed: int, height: int = 20, width: int = 24) -> Tensor:
    """Colours near grey, which no transfer between two such pictures drives out of sRGB."""
    generator = torch.Generator().manual_seed(seed)
    turned = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64))[0]
    mixing = turned * torch.tensor([0.012, 0.015, 0.018])
    noise = torch.randn(3, height * width, generator=generator, dtype=torch.float64)
    lab = (mixing @ noise).view(1, 3, height, width)
    lab[:, 0] += 0.6 + 0.02 * seed
    return oklab_to_rgb(lab)


def gaussian(picture: Tensor) -> tuple[np.ndarray, np.ndarray]:
    colors = rgb_to_oklab(picture)[0].flatten(1).numpy()
    return colors.mean(1), np.cov(colors, bias=True)


def test_luminance_only_takes_light_from_one_and_hue_from_the_other() -> None:
    result, content = muted(1), muted(2)
    lab, ours, theirs = (rgb_to_oklab(p) for p in (luminance_transfer(result, content), result, content))
    torch.testing.assert_close(lab[:, :1], ours[:, :1], rtol=0, atol=1e-6)
    torch.testing.assert_close(lab[:, 1:], theirs[:, 1:], rtol=0, atol=1e-6)


def test_luminance_only_never_shifts_a_hue() -> None:
    """Vivid colours at a lightness where sRGB has no such chroma become paler, of the same hue."""
    result, content = random(1, 3, 30, 30), random(1, 3, 30, 30, seed=1)
    kept = luminance_transfer(result, content)
    assert 0 <= float(kept.min()) <= float(kept.max()) <= 1
    lab, ours, theirs = (rgb_to_oklab(p) for p in (kept, result, content))
    torch.testing.assert_close(lab[:, :1], ours[:, :1], rtol=0, atol=2e-3)
    chroma, wanted = lab[:, 1:].norm(dim=1), theirs[:, 1:].norm(dim=1)
    assert bool((chroma <= wanted + 2e-3).all())
    assert float((chroma < 0.9 * wanted).double().mean()) > 0.05, "no colour that does not fit was met"
    seen = (chroma > 0.03) & (wanted > 0.03)
    across = lab[:, 1] * theirs[:, 2] - lab[:, 2] * theirs[:, 1]
    assert float((across / (chroma * wanted))[seen].abs().max()) < 0.05


def test_luminance_only_of_itself_with_masks_and_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    result, content = random(1, 3, 13, 9), random(1, 3, 13, 9, seed=1)
    torch.testing.assert_close(luminance_transfer(content, content), content, rtol=0, atol=1e-3)
    torch.testing.assert_close(
        luminance_transfer(result, content, torch.zeros(1, 1, 13, 9)), result, rtol=0, atol=1e-3
    )
    whole = luminance_transfer(result, content)
    torch.testing.assert_close(luminance_transfer(result, content, torch.ones(1, 1, 13, 9)), whole)
    monkeypatch.setattr("bottega.transfer.color_transfer.BAND", 20)
    torch.testing.assert_close(luminance_transfer(result, content), whole, rtol=0, atol=1e-12)
    with pytest.raises(PictureError, match="content is 13 × 9 pixels, the result 9 × 13"):
        luminance_transfer(result, random(1, 3, 9, 13))
    with pytest.raises(PictureError, match="mask is 13 × 9"):
        luminance_transfer(result, content, torch.ones(1, 1, 9, 13))


def test_coral_matches_mean_and_covariance() -> None:
    moved = match_color(muted(1), muted(2, 31, 17))
    for found, expected in zip(gaussian(moved), gaussian(muted(2, 31, 17)), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_coral_is_the_map_that_moves_least() -> None:
    """Against the closed form computed by scipy."""
    style, content = muted(1), muted(2)
    (m1, c1), (m2, c2) = gaussian(style), gaussian(content)
    root = scipy.linalg.sqrtm(c1)
    back = np.linalg.inv(root)
    linear = back @ scipy.linalg.sqrtm(root @ c2 @ root).real @ back
    colors = rgb_to_oklab(style)[0].flatten(1).numpy()
    expected = linear @ (colors - m1[:, None]) + m2[:, None]
    found = rgb_to_oklab(match_color(style, content))[0].flatten(1).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_picture_in_its_own_colours_is_itself() -> None:
    china, _ = pictures()
    torch.testing.assert_close(match_color(china, china), china, rtol=0, atol=2e-3)
    again = match_color(china, china, "histogram")
    assert float((again - china).abs().mean()) < 2 / 255


@pytest.mark.parametrize("order", [0, 1])
def test_histogram_comes_closer_than_coral(order: int) -> None:
    picture, reference = pictures()[:: 1 - 2 * order]
    wanted = rgb_to_oklab(reference)[0].flatten(1).numpy()

    def apart(p: Tensor) -> float:
        found = rgb_to_oklab(p)[0].flatten(1).numpy()
        return sum(scipy.stats.wasserstein_distance(found[i], wanted[i]) for i in range(3))

    start, coral, histogram = (
        apart(p)
        for p in (
            picture,
            color_transfer(picture, reference),
            color_transfer(picture, reference, "histogram"),
        )
    )
    assert coral < 0.5 * start
    assert histogram < 0.5 * coral


def test_masks_choose_where_colours_come_from() -> None:
    style, content = muted(1), torch.cat([muted(2), muted(7)], dim=-1)
    mask = torch.zeros(1, 1, *content.shape[-2:])
    mask[..., :24] = 1
    for method in ("coral", "histogram"):
        expected = match_color(style, content[..., :24], method)  # type: ignore[arg-type]
        found = match_color(style, content, method, content_mask=mask)  # type: ignore[arg-type]
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)
    ones = torch.ones(1, 1, *style.shape[-2:])
    torch.testing.assert_close(match_color(style, content, style_mask=ones), match_color(style, content))


def test_flat_and_grey_pictures_are_sound() -> None:
    grey = random(1, 1, 16, 16).expand(1, 3, 16, 16)
    flat = torch.full((1, 3, 16, 16), 0.5, dtype=torch.float64)
    for style in (grey, flat, torch.zeros_like(flat)):
        for content in (random(1, 3, 16, 16, seed=3), flat, grey):
            for method in ("coral", "histogram"):
                moved = match_color(style, content, method)  # type: ignore[arg-type]
                assert bool(torch.isfinite(moved).all())
                assert 0 <= float(moved.min()) <= float(moved.max()) <= 1
    # Grain of one 8-bit step in a grey picture is not blown up into colour.
    noisy = (grey + (random(1, 3, 16, 16, seed=4) - 0.5) / 255).clamp(0, 1)
    moved = match_color(noisy, random(1, 3, 16, 16, seed=3))
    smooth = match_color(grey, random(1, 3, 16, 16, seed=3))
    assert float((moved - smooth).abs().max()) < 0.15


def test_float32_agrees() -> None:
    china, flower = pictures()
    for method in ("coral", "histogram"):
        exact = match_color(china, flower, method)  # type: ignore[arg-type]
        single = match_color(china.float(), flower.float(), method)  # type: ignore[arg-type]
        assert single.dtype == torch.float32
        assert float((single - exact).abs().mean()) < 1e-3


def test_bad_input() -> None:
    x = random(1, 3, 8, 6)
    with pytest.raises(SettingsError, match='not by "magic"'):
        match_color(x, x, "magic")  # type: ignore[arg-type]
    with pytest.raises(PictureError, match="mask is 8 × 6 pixels, its picture 6 × 8"):
        match_color(x, x, content_mask=torch.ones(1, 1, 6, 8))
    with pytest.raises(PictureError, match="empty"):
        match_color(x, x, style_mask=torch.zeros(1, 1, 8, 6))
