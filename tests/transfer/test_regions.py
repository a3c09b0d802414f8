from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from bottega.encoders.vgg import VGGEncoder
from bottega.errors import PictureError, SettingsError
from bottega.losses import STYLE_TERMS
from bottega.transfer.regions import BACKGROUND, Region, Style, composite, feather, mask_pyramid, partition


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def box(height: int, width: int, top: int, left: int, bottom: int, right: int) -> Tensor:
    mask = torch.zeros(1, 1, height, width)
    mask[..., top:bottom, left:right] = 1
    return mask


STYLE = Style(random(1, 3, 8, 8))


def test_partition_masks_sum_to_one() -> None:
    a, b = random(1, 1, 9, 7), random(1, 1, 9, 7, seed=1)
    regions = partition([Region("a", a, [STYLE]), Region("sky", None, [STYLE]), Region("b", b)], (9, 7))
    assert {region.name for region in regions} == {"a", "b", "sky"}
    total = torch.stack([region.mask for region in regions if region.mask is not None]).sum(0)
    torch.testing.assert_close(total, torch.ones(1, 1, 9, 7))
    by_name = {region.name: region.mask for region in regions}
    over = a + b > 1
    torch.testing.assert_close(by_name["a"][over], (a / (a + b))[over])
    torch.testing.assert_close(by_name["a"][~over], a[~over])
    torch.testing.assert_close(by_name["sky"], (1 - a - b).clamp(0, 1))


def test_uncovered_area_becomes_an_unstyled_background() -> None:
    regions = partition([Region("a", box(8, 8, 0, 0, 4, 8), [STYLE])], (8, 8))
    assert [region.name for region in regions] == ["a", BACKGROUND]
    assert not regions[1].styles
    torch.testing.assert_close(regions[1].mask, box(8, 8, 4, 0, 8, 8))


def test_single_region_without_mask_is_the_whole_picture() -> None:
    whole = [Region("everything", None, [STYLE])]
    assert partition(whole, (8, 8)) == whole


def test_masks_that_cover_everything_leave_no_background() -> None:
    full = Region("a", torch.ones(1, 1, 8, 8), [STYLE])
    assert [region.name for region in partition([full], (8, 8))] == ["a"]
    assert [region.name for region in partition([full, Region(BACKGROUND)], (8, 8))] == ["a"]
    with pytest.raises(PictureError, match='no area for the styles of "background"'):
        partition([full, Region(BACKGROUND, None, [STYLE])], (8, 8))


def test_bad_regions() -> None:
    good = box(8, 6, 0, 0, 4, 4)
    with pytest.raises(PictureError, match=r'"sea" is 6 × 8 pixels, the content 8 × 6'):
        partition([Region("sea", good)], (6, 8))
    with pytest.raises(PictureError, match='"sea" is empty'):
        Region("sea", torch.zeros(1, 1, 8, 6))
    with pytest.raises(PictureError, match="shape"):
        Region("sea", torch.ones(8, 6))
    for wrong in (2 * good, good - 0.5, good * math.nan):
        with pytest.raises(PictureError, match="outside 0 to 1"):
            Region("sea", wrong)
    with pytest.raises(SettingsError, match="needs a name"):
        Region("", good)
    with pytest.raises(SettingsError, match='style weight of the region "sea" must be 0 or more, not -1'):
        Region("sea", good, style_weight=-1)
    with pytest.raises(SettingsError, match='Two regions have the name "sea"'):
        partition([Region("sea", good), Region("sea", good)], (8, 6))
    with pytest.raises(SettingsError, match='"sea" and "sky" have no mask'):
        partition([Region("sea"), Region("sky")], (8, 6))
    with pytest.raises(SettingsError, match='"background" cannot have a mask'):
        partition([Region(BACKGROUND, good), Region("sky")], (8, 6))


def test_feather_makes_a_ramp_and_changes_nothing_else() -> None:
    mask = box(64, 64, 0, 32, 64, 64)
    soft = feather(mask, 12)
    profile = soft[0, 0, 30]
    assert bool((profile[1:] >= profile[:-1] - 1e-6).all())
    assert float(profile[31] + profile[32]) == pytest.approx(1, abs=1e-5)
    assert float(profile[:23].max()) < 1e-6
    assert float(profile[41:].min()) > 1 - 1e-6
    assert 0.02 < float(profile[26]) < 0.1
    torch.testing.assert_close(feather(mask, 0), mask)
    with pytest.raises(SettingsError, match="0 or more pixels"):
        feather(mask, -1)


def test_mask_pyramid_fits_the_encoder_s_layers() -> None:
    encoder = VGGEncoder(
        "tiny", (4, 4, 4), (1, 1, 1), content_layers={"relu1_1": 1}, style_layers={"relu3_1": 1}
    )
    features = encoder(random(1, 3, 37, 50), encoder.layers)
    pyramid = mask_pyramid(random(1, 1, 37, 50), set(encoder.strides.values()))
    for layer, values in features.items():
        assert pyramid[encoder.strides[layer]].shape[-2:] == values.shape[-2:]


def test_composite_restores_unstyled_pixels_exactly() -> None:
    picture, content = random(1, 3, 16, 16), random(1, 3, 16, 16, seed=1)
    unstyled = feather(box(16, 16, 0, 0, 16, 8), 6)
    regions = partition([Region("unstyled", unstyled), Region("rest", None, [STYLE])], (16, 16))
    mixed = composite(picture, content, regions)
    assert torch.equal(mixed[..., :3], content[..., :3])
    assert torch.equal(mixed[..., 13:], picture[..., 13:])
    expected = picture + unstyled * (content - picture)
    torch.testing.assert_close(mixed, expected, rtol=0, atol=2e-5)
    # Styled regions change nothing; a single unstyled region covers everything.
    assert torch.equal(composite(picture, content, [Region("all", None, [STYLE])]), picture)
    assert torch.equal(composite(picture, content, [Region("all")]), content)


def test_composite_at_another_size() -> None:
    picture, content = random(1, 3, 40, 40), random(1, 3, 40, 40, seed=1)
    regions = partition(
        [Region("unstyled", box(16, 16, 0, 0, 16, 8)), Region("rest", None, [STYLE])], (16, 16)
    )
    mixed = composite(picture, content, regions)
    assert torch.equal(mixed[..., :15], content[..., :15])
    assert torch.equal(mixed[..., 25:], picture[..., 25:])


@pytest.mark.parametrize("name", ["gram", "wasserstein", "sliced"])
def test_small_region_gets_the_gradient_of_a_whole_picture(name: str) -> None:
    """Weighted by its share of the area, a region of 2 % gets the whole picture's gradient per pixel."""
    torch.manual_seed(0)
    encoder = VGGEncoder(
        "tiny", (16, 24, 32), (2, 2, 1), content_layers={"relu3_1": 1}, style_layers={"relu1_1": 1}
    )
    encoder.frozen()
    layers = ("relu1_1", "relu2_2", "relu3_1")
    term, side, small = STYLE_TERMS[name](), 128, 18
    style = encoder(random(1, 3, 96, 96, seed=5) ** 3, layers)
    targets = {n: term.mix([term.measure(style[n])], [1]) for n in layers}

    def pixel_norm(region: Tensor) -> float:
        picture = (0.4 * random(1, 3, side, side, seed=2) + 0.3).requires_grad_()
        masks = mask_pyramid(region, {encoder.strides[n] for n in layers})
        features = encoder(picture, layers)
        losses = [
            term.distance(term.measure(features[n], masks[encoder.strides[n]]), targets[n]) for n in layers
        ]
        (region.mean() * torch.stack(losses).sum()).backward()
        assert picture.grad is not None
        # Well inside the small region in both cases.
        window = picture.grad[..., 60:68, 60:68]
        return float(window.square().mean().sqrt())

    top = (side - small) // 2
    region = box(side, side, top, top, top + small, top + small)
    assert float(region.mean()) == pytest.approx(0.02, abs=0.001)
    ratio = pixel_norm(region) / pixel_norm(torch.ones(1, 1, side, side))
    assert 1 / 1.5 < ratio < 1.5
