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
from bottega.transfer.color_transfer import color_transfer, luminance_transfer, recolor_style


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def pictures() -> tuple[Tensor, Tensor]:
    """The two photographs, small: a temple under a gray sky and a red flower."""
    china, flower = (fit(photograph(name), 160).pixels.double() for name in ("china", "flower"))
    return china, flower


def muted(seed: int, height: int = 20, width: int = 24) -> Tensor:
    """Colors near gray, so that transfers between two such pictures stay in sRGB."""
    generator = torch.Generator().manual_seed(seed)
    rotation = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64))[0]
    mixing = rotation * torch.tensor([0.012, 0.015, 0.018])
    noise = torch.randn(3, height * width, generator=generator, dtype=torch.float64)
    lab = (mixing @ noise).view(1, 3, height, width)
    lab[:, 0] += 0.6 + 0.02 * seed
    return oklab_to_rgb(lab)


def gaussian(picture: Tensor) -> tuple[np.ndarray, np.ndarray]:
    colors = rgb_to_oklab(picture)[0].flatten(1).numpy()
    return colors.mean(1), np.cov(colors, bias=True)


def test_luminance_transfer_combines_lightness_and_hue() -> None:
    result, content = muted(1), muted(2)
    lab, result_lab, content_lab = (
        rgb_to_oklab(p) for p in (luminance_transfer(result, content), result, content)
    )
    torch.testing.assert_close(lab[:, :1], result_lab[:, :1], rtol=0, atol=1e-6)
    torch.testing.assert_close(lab[:, 1:], content_lab[:, 1:], rtol=0, atol=1e-6)


def test_luminance_transfer_never_shifts_a_hue() -> None:
    """Vivid colors at a lightness where sRGB has no such chroma are desaturated, of the same hue."""
    result, content = random(1, 3, 30, 30), random(1, 3, 30, 30, seed=1)
    output = luminance_transfer(result, content)
    assert 0 <= float(output.min()) <= float(output.max()) <= 1
    lab, result_lab, content_lab = (rgb_to_oklab(p) for p in (output, result, content))
    torch.testing.assert_close(lab[:, :1], result_lab[:, :1], rtol=0, atol=2e-3)
    chroma, expected = lab[:, 1:].norm(dim=1), content_lab[:, 1:].norm(dim=1)
    assert bool((chroma <= expected + 2e-3).all())
    assert float((chroma < 0.9 * expected).double().mean()) > 0.05, "no color was desaturated"
    saturated = (chroma > 0.03) & (expected > 0.03)
    across = lab[:, 1] * content_lab[:, 2] - lab[:, 2] * content_lab[:, 1]
    assert float((across / (chroma * expected))[saturated].abs().max()) < 0.05


def test_luminance_transfer_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    result, content = random(1, 3, 13, 9), random(1, 3, 13, 9, seed=1)
    torch.testing.assert_close(luminance_transfer(content, content), content, rtol=0, atol=1e-3)
    whole = luminance_transfer(result, content)
    monkeypatch.setattr("bottega.transfer.color_transfer.PIXELS_PER_BAND", 20)
    torch.testing.assert_close(luminance_transfer(result, content), whole, rtol=0, atol=1e-12)
    with pytest.raises(PictureError, match="content is 13 × 9 pixels, the result 9 × 13"):
        luminance_transfer(result, random(1, 3, 9, 13))


def test_coral_matches_mean_and_covariance() -> None:
    output = color_transfer(muted(1), muted(2, 31, 17))
    for result, expected in zip(gaussian(output), gaussian(muted(2, 31, 17)), strict=True):
        np.testing.assert_allclose(result, expected, atol=1e-6)


def test_coral_is_the_map_that_moves_least() -> None:
    """Against the closed form computed by scipy."""
    style, content = muted(1), muted(2)
    (m1, c1), (m2, c2) = gaussian(style), gaussian(content)
    root = scipy.linalg.sqrtm(c1)
    inverse = np.linalg.inv(root)
    linear = inverse @ scipy.linalg.sqrtm(root @ c2 @ root).real @ inverse
    colors = rgb_to_oklab(style)[0].flatten(1).numpy()
    expected = linear @ (colors - m1[:, None]) + m2[:, None]
    result = rgb_to_oklab(color_transfer(style, content))[0].flatten(1).numpy()
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_transfer_to_itself_is_the_identity() -> None:
    china, _ = pictures()
    torch.testing.assert_close(color_transfer(china, china), china, rtol=0, atol=2e-3)
    again = color_transfer(china, china, "histogram")
    assert float((again - china).abs().mean()) < 2 / 255


@pytest.mark.parametrize("order", [0, 1])
def test_histogram_is_closer_than_coral(order: int) -> None:
    picture, reference = pictures()[:: 1 - 2 * order]
    expected = rgb_to_oklab(reference)[0].flatten(1).numpy()

    def distance(p: Tensor) -> float:
        result = rgb_to_oklab(p)[0].flatten(1).numpy()
        return sum(scipy.stats.wasserstein_distance(result[i], expected[i]) for i in range(3))

    start, coral, histogram = (
        distance(p)
        for p in (
            picture,
            color_transfer(picture, reference),
            color_transfer(picture, reference, "histogram"),
        )
    )
    assert coral < 0.5 * start
    assert histogram < 0.5 * coral


def test_masks_select_the_pixels_of_the_distribution() -> None:
    style, content = muted(1), torch.cat([muted(2), muted(7)], dim=-1)
    mask = torch.zeros(1, 1, *content.shape[-2:])
    mask[..., :24] = 1
    for method in ("coral", "histogram"):
        expected = color_transfer(style, content[..., :24], method)  # type: ignore[arg-type]
        output = color_transfer(style, content, method, reference_mask=mask)  # type: ignore[arg-type]
        torch.testing.assert_close(output, expected, rtol=0, atol=1e-3)
    ones = torch.ones(1, 1, *style.shape[-2:])
    torch.testing.assert_close(color_transfer(style, content, mask=ones), color_transfer(style, content))


def test_flat_and_gray_pictures_give_finite_results() -> None:
    gray = random(1, 1, 16, 16).expand(1, 3, 16, 16)
    flat = torch.full((1, 3, 16, 16), 0.5, dtype=torch.float64)
    for style in (gray, flat, torch.zeros_like(flat)):
        for content in (random(1, 3, 16, 16, seed=3), flat, gray):
            for method in ("coral", "histogram"):
                output = color_transfer(style, content, method)  # type: ignore[arg-type]
                assert bool(torch.isfinite(output).all())
                assert 0 <= float(output.min()) <= float(output.max()) <= 1
    # Grain of one 8-bit step in a gray picture is not amplified to color.
    noisy = (gray + (random(1, 3, 16, 16, seed=4) - 0.5) / 255).clamp(0, 1)
    output = color_transfer(noisy, random(1, 3, 16, 16, seed=3))
    smooth = color_transfer(gray, random(1, 3, 16, 16, seed=3))
    assert float((output - smooth).abs().max()) < 0.15


def blank_sheet(height: int = 40, width: int = 50) -> Tensor:
    """White paper with a red and a blue spot."""
    sheet = torch.full((1, 3, height, width), 0.98, dtype=torch.float64)
    sheet[..., 4:7, 4:9] = torch.tensor([0.8, 0.1, 0.1], dtype=torch.float64).view(1, 3, 1, 1)
    sheet[..., 20:22, 30:35] = torch.tensor([0.1, 0.2, 0.8], dtype=torch.float64).view(1, 3, 1, 1)
    return sheet


def test_equal_values_take_the_mean_of_their_share_of_a_histogram() -> None:
    """97 % of the sheet is one color: it becomes the mean of the photograph, not its darkest red."""
    china, _ = pictures()
    output = rgb_to_oklab(color_transfer(blank_sheet(), china, "histogram"))
    mean = rgb_to_oklab(china).mean((2, 3))[0]
    torch.testing.assert_close(output[0, :, -1, -1], mean, rtol=0, atol=0.04)
    mean_of_all = output.mean((2, 3))[0]
    torch.testing.assert_close(mean_of_all, mean, rtol=0, atol=0.04)


def test_a_style_without_enough_colors_is_not_recolored() -> None:
    china, flower = pictures()
    gray = random(1, 1, 40, 50).expand(1, 3, 40, 50)
    for style in (gray, gray.round(), torch.full_like(gray, 120 / 255), blank_sheet()):
        for method in ("coral", "histogram"):
            assert recolor_style(style, china, method) is None  # type: ignore[arg-type]
    # Gray pictures have no colors to take on.
    assert recolor_style(gray, random(1, 1, 30, 30, seed=5).expand(1, 3, 30, 30)) is not None
    for method in ("coral", "histogram"):
        recolored = recolor_style(flower, china, method)  # type: ignore[arg-type]
        assert recolored is not None
        torch.testing.assert_close(recolored, color_transfer(flower, china, method))  # type: ignore[arg-type]


def test_float32_agrees() -> None:
    china, flower = pictures()
    for method in ("coral", "histogram"):
        exact = color_transfer(china, flower, method)  # type: ignore[arg-type]
        single = color_transfer(china.float(), flower.float(), method)  # type: ignore[arg-type]
        assert single.dtype == torch.float32
        assert float((single - exact).abs().mean()) < 1e-3


def test_bad_input() -> None:
    x = random(1, 3, 8, 6)
    with pytest.raises(SettingsError, match='not "magic"'):
        color_transfer(x, x, "magic")  # type: ignore[arg-type]
    with pytest.raises(PictureError, match="mask is 8 × 6 pixels, the picture 6 × 8"):
        color_transfer(x, x, reference_mask=torch.ones(1, 1, 6, 8))
    with pytest.raises(PictureError, match="empty"):
        color_transfer(x, x, mask=torch.zeros(1, 1, 8, 6))
