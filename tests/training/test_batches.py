"""BatchLoader: a function of (seed, step, position), the same however they are cut."""

from types import SimpleNamespace

import pytest
import torch

from bottega.errors import PictureError, SettingsError
from bottega.training import BatchLoader, CropTransform, PictureSet, ProcessContext
from bottega.training.step import Step


def pictures(count=7, side=40):
    """Picture n has the value n everywhere."""
    return PictureSet([torch.full((3, side, side + 9), n, dtype=torch.uint8) for n in range(count)])


def step_of(number, part=0, parts=1, rank=0, count=1):
    context = ProcessContext(torch.device("cpu"), torch.float32)
    context.rank, context.world_size = rank, count
    return Step(number, torch.Generator(), context, SimpleNamespace(), part, parts)


def noisy(count=5):
    generator = torch.Generator().manual_seed(0)
    return PictureSet(
        [torch.randint(256, (3, 50, 60), dtype=torch.uint8, generator=generator) for _ in range(count)]
    )


EVERYTHING = CropTransform(size=16, scale=(0.8, 2.0), rotation=20, color=0.5)


def test_shape_range_and_repetition():
    batches = BatchLoader(noisy(), 6, EVERYTHING, seed=3)
    found = batches(step_of(4))
    assert found.shape == (6, 3, 16, 16)
    assert found.dtype == torch.float32
    assert float(found.min()) >= 0
    assert float(found.max()) <= 1
    assert torch.equal(found, BatchLoader(noisy(), 6, EVERYTHING, seed=3)(step_of(4)))
    assert not torch.equal(found, batches(step_of(5)))
    assert not torch.equal(found, BatchLoader(noisy(), 6, EVERYTHING, seed=4)(step_of(4)))


def test_cut_in_any_way_it_is_the_same_batch():
    batches = BatchLoader(noisy(), 12, EVERYTHING)
    whole = batches(step_of(2))
    parts = [batches(step_of(2, part, 3)) for part in range(3)]
    assert torch.equal(torch.cat(parts), whole)
    shares = [batches(step_of(2, part, 2, rank, 3)) for rank in range(3) for part in range(2)]
    assert torch.equal(torch.cat(shares), whole)


def test_every_picture_is_drawn_once_before_any_is_drawn_again():
    batches = BatchLoader(pictures(7), 3)
    drawn = [batches.picture_index(step, position) for step in range(7) for position in range(3)]
    for epoch in range(3):
        assert sorted(drawn[7 * epoch : 7 * epoch + 7]) == list(range(7))
    assert drawn[:7] != drawn[7:14]


def test_every_position_has_its_own_view():
    found = BatchLoader(noisy(1), 3, CropTransform(size=16))(step_of(0))  # three views of the only picture
    assert not torch.equal(found[0], found[1])
    assert not torch.equal(found[1], found[2])


def test_views_show_their_picture():
    batches = BatchLoader(pictures(), 5, CropTransform(size=8))
    found = batches(step_of(1))
    for position in range(5):
        assert torch.allclose(
            found[position], torch.tensor(batches.picture_index(1, position) / 255), atol=1e-6
        )


def test_a_broken_file_gives_way_to_the_next():
    class Torn(list):
        def __getitem__(self, index):
            if index == 2:
                raise PictureError("2.png is torn.")
            return super().__getitem__(index)

    found = PictureSet(Torn(pictures(4).pictures), files=["0.png", "1.png", "2.png", "3.png"])
    batches = BatchLoader(found, 8, CropTransform(size=8))
    values = (batches(step_of(0))[:, 0, 0, 0] * 255).round().int().tolist()
    assert sorted(values) == [0, 0, 1, 1, 3, 3, 3, 3]
    assert found.broken == [("2.png", "2.png is torn.")]


def test_bad_settings_are_refused():
    with pytest.raises(SettingsError, match="at least one picture"):
        BatchLoader(PictureSet())
    with pytest.raises(SettingsError, match="scale"):
        CropTransform(scale=(2.0, 1.0))
    with pytest.raises(SettingsError, match=r"batch of 6 .* 4 equal shares"):
        BatchLoader(pictures(), 6)(step_of(0, parts=2, count=2))
