"""Pictures of one color have zero variance; nothing may become infinite."""

import pytest
import torch

from bottega import encoders
from bottega.transfer.optimize.runner import optimize
from bottega.transfer.optimize.settings import OptimizeSettings
from bottega.transfer.regions import Style


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [(1, 1), (1, 200), (40, 60)])
def test_one_color_with_the_packaged_encoder(precision, size):
    style = torch.rand(1, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    settings = OptimizeSettings(size=0, first_size=32, iterations=3, last_iterations=3)
    content = torch.full((1, 3, *size), 0.5)
    result = optimize(content, [Style(style)], settings, encoder=encoders.load_encoder("small").to(precision))
    assert result.picture.shape == content.shape
    assert bool(result.picture.isfinite().all())
    assert all(torch.tensor(losses).isfinite().all() for losses in result.losses)


def test_transparent_part_of_a_style_is_ignored():
    encoder = encoders.load_encoder("small")
    style = torch.full((1, 3, 48, 48), 0.9)
    style[..., 24:] = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    visible = torch.zeros(1, 1, 48, 48)
    visible[..., :24] = 1
    settings = OptimizeSettings(size=0, first_size=32, iterations=10, last_iterations=10)
    content = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    masked = optimize(content, [Style(style, mask=visible)], settings, encoder=encoder).picture
    whole = optimize(content, [Style(style)], settings, encoder=encoder).picture
    assert float((masked[:, 0] - masked[:, 1]).mean()) < 0.5 * float((whole[:, 0] - whole[:, 1]).mean())
