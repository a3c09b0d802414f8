import pytest
import torch

from bottega.transfer.tiles import Box, grid, reduced


@pytest.mark.parametrize("size", [(100, 130), (1, 1), (1, 999), (64, 64), (65, 63)])
@pytest.mark.parametrize("shift", [(0, 0), (37, 5), (63, 64)])
def test_cores_cover_every_pixel_exactly_once(size, shift):
    counted = torch.zeros(size)
    for tile in grid(*size, size=48, margin=10, stride=8, shift=shift):
        tile.core.of(counted).add_(1)
    assert bool((counted == 1).all())


def test_regions_hold_the_core_with_its_margin_and_start_on_the_stride():
    for tile in grid(300, 200, size=96, margin=13, stride=8, shift=(40, 8)):
        core, region = tile.core, tile.region
        assert region.top % 8 == region.left % 8 == core.top % 8 == core.left % 8 == 0
        assert region.top == max(0, core.top - 16)
        assert region.bottom == min(300, core.bottom + 16)
        picture = torch.rand(1, 3, 300, 200)
        assert torch.equal(tile.inner.of(region.of(picture)), core.of(picture))


def test_no_core_is_larger_than_asked():
    cores = [tile.core for tile in grid(1000, 1000, size=96, margin=0, stride=8, shift=(50, 95))]
    assert max(box.bottom - box.top for box in cores) == 96
    assert max(box.right - box.left for box in cores) == 96


def test_reduced_box_rounds_outwards_at_the_far_border():
    assert reduced(Box(16, 8, 33, 24), 8) == Box(2, 1, 5, 3)
