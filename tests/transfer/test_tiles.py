import pytest
import torch

from bottega.transfer.tiles import Box, tile_grid


@pytest.mark.parametrize("size", [(100, 130), (1, 1), (1, 999), (64, 64), (65, 63)])
@pytest.mark.parametrize("shift", [(0, 0), (37, 5), (63, 64)])
def test_cores_cover_every_pixel_exactly_once(size, shift):
    counted = torch.zeros(size)
    for tile in tile_grid(*size, size=48, margin=10, stride=8, shift=shift):
        tile.core.crop(counted).add_(1)
    assert bool((counted == 1).all())


def test_padded_boxes_have_the_margin_and_start_on_the_stride():
    for tile in tile_grid(300, 200, size=96, margin=13, stride=8, shift=(40, 8)):
        core, padded = tile.core, tile.padded
        assert padded.top % 8 == padded.left % 8 == core.top % 8 == core.left % 8 == 0
        assert padded.top == max(0, core.top - 16)
        assert padded.bottom == min(300, core.bottom + 16)
        picture = torch.rand(1, 3, 300, 200)
        assert torch.equal(tile.inner.crop(padded.crop(picture)), core.crop(picture))


def test_no_core_is_larger_than_size():
    cores = [tile.core for tile in tile_grid(1000, 1000, size=96, margin=0, stride=8, shift=(50, 95))]
    assert max(box.bottom - box.top for box in cores) == 96
    assert max(box.right - box.left for box in cores) == 96


def test_downscaled_box_rounds_outwards_at_the_far_border():
    assert Box(16, 8, 33, 24).downscale(8) == Box(2, 1, 5, 3)
