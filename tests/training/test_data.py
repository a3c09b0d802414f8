"""Pictures to train on: small in memory, in order, and a broken one stops nobody."""

import hashlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from bottega.errors import PictureError, SettingsError
from bottega.pictures import load
from bottega.training import (
    BatchLoader,
    CropTransform,
    PictureSet,
    ProcessContext,
    find_pictures,
    hold_out,
    load_pictures,
)
from bottega.training.step import Step


def write(path, width, height, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def test_small_pictures_are_unchanged(tmp_path):
    pixels = write(tmp_path / "a.png", 50, 40)
    result = load_pictures([tmp_path / "a.png"], short_side=40)
    assert len(result) == 1
    assert result.pictures[0].dtype == torch.uint8
    assert np.array_equal(result.pictures[0].permute(1, 2, 0).numpy(), pixels)


def test_transparent_pictures_are_on_white(tmp_path):
    pixels = write(tmp_path / "a.png", 50, 40)
    alpha = np.zeros((40, 50, 1), np.uint8)
    alpha[:20] = 255
    for hidden in (0, 90):
        pixels[20:] = hidden
        Image.fromarray(np.concatenate([pixels, alpha], 2)).save(tmp_path / "b.png")
        picture = load_pictures([tmp_path / "b.png"], short_side=40).pictures[0].permute(1, 2, 0).numpy()
        assert np.array_equal(picture[:20], pixels[:20])
        assert (picture[20:] == 255).all()


@pytest.mark.parametrize(
    ("size", "expected"), [((90, 60), (48, 32)), ((60, 91), (32, 49)), ((64, 64), (32, 32))]
)
def test_large_pictures_are_reduced_to_the_short_side(tmp_path, size, expected):
    write(tmp_path / "a.png", *size)
    (picture,) = load_pictures([tmp_path / "a.png"], short_side=32).pictures
    assert picture.shape == (3, expected[1], expected[0])


def test_reduction_averages(tmp_path):
    write(tmp_path / "a.png", 80, 80)
    (picture,) = load_pictures([tmp_path / "a.png"], short_side=8).pictures
    original = load(tmp_path / "a.png").pixels
    # Noise averaged over ten by ten pixels is nearly flat; picked pixels would keep its deviation.
    assert float((picture / 255).std()) < 0.3 * float(original.std())
    assert float((picture / 255).mean()) == pytest.approx(float(original.mean()), abs=0.02)


def test_broken_files_are_left_out_and_listed(tmp_path):
    for index in range(3):
        write(tmp_path / f"{index}.png", 20, 20, seed=index)
    (tmp_path / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    whole = (tmp_path / "2.png").read_bytes()
    (tmp_path / "2.png").write_bytes(whole[: len(whole) // 2])
    files = [tmp_path / name for name in ("1.png", "torn.jpg", "missing.png", "0.png", "2.png")]
    result = load_pictures(files)
    assert result.files == [tmp_path / "1.png", tmp_path / "0.png"]
    assert len(result.pictures) == len(result) == 2
    assert [file.name for file, _ in result.broken] == ["torn.jpg", "missing.png", "2.png"]
    assert all(file.name in reason for file, reason in result.broken)


def test_nothing_but_broken_files_is_an_error(tmp_path):
    (tmp_path / "a.png").write_text("not a picture")
    with pytest.raises(PictureError, match="None of the 2 files"):
        load_pictures([tmp_path / "a.png", tmp_path / "b.png"])


def test_sets_do_not_share_their_lists():
    one, other = PictureSet(), PictureSet()
    one.pictures.append(torch.zeros(3, 1, 1, dtype=torch.uint8))
    assert len(other) == 0


def test_pictures_outside_memory_are_decoded_to_the_same_pixels(tmp_path):
    files = [tmp_path / f"{index}.png" for index in range(4)]
    for index, file in enumerate(files):
        write(file, 30, 20, seed=index)
    whole = load_pictures(files, short_side=16)
    one = whole.pictures[0].numel()
    messages = []
    few = load_pictures(
        files, 16, max_bytes=2 * one, on_progress=lambda done, count: messages.append((done, count))
    )
    assert messages == [(1, 4), (2, 4)]  # the others are not decoded yet
    assert len(few) == 4
    assert few.files == files
    for index in (3, 0, 2, -1):
        assert torch.equal(few[index], whole[index])
    with pytest.raises(IndexError):
        few[4]


def test_a_broken_file_outside_memory_is_listed_when_it_is_read(tmp_path):
    files = [tmp_path / f"{index}.png" for index in range(4)]
    for index, file in enumerate(files):
        write(file, 30, 20, seed=index)
    result = load_pictures(files, max_bytes=1)
    files[2].write_bytes(b"torn")
    assert result.broken == []
    assert torch.equal(result.get_readable(2), result[3])
    assert torch.equal(result.get_readable(2), result[3])
    assert [file for file, _ in result.broken] == [files[2]]
    for file in files:
        file.unlink()
    assert torch.equal(result.get_readable(3), result[0])  # round the end, to the one in memory


def test_find_pictures_in_nested_folders(tmp_path):
    for name in ("b.JPG", "a/z.png", "a/c/x.webp", ".hidden/y.png", "a/.y.png", "readme.txt", "c.tif"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    result = [path.relative_to(tmp_path).as_posix() for path in find_pictures(tmp_path)]
    assert result == ["a/c/x.webp", "a/z.png", "b.JPG", "c.tif"]


def test_a_hidden_parent_folder_is_ignored(tmp_path):
    (tmp_path / ".home").mkdir()
    (tmp_path / ".home" / "a.png").touch()
    assert len(find_pictures(str(tmp_path / ".home"))) == 1


def test_missing_folder_and_empty_folder(tmp_path):
    with pytest.raises(PictureError, match="is not a folder"):
        find_pictures(tmp_path / "missing")
    with pytest.raises(PictureError, match="There is no picture"):
        find_pictures(tmp_path)


def test_hold_out_depends_on_names_only():
    files = [Path(f"some/photo_{index}.jpg") for index in range(2000)]
    training, held_out = hold_out(files)
    assert sorted(training + held_out) == sorted(files)
    assert 150 < len(held_out) < 250
    moved = [Path("elsewhere") / file.name for file in reversed(files[::3])]
    assert {file.name for file in hold_out(moved)[1]} == {f.name for f in held_out} & {f.name for f in moved}
    sides = [int(hashlib.sha1(file.name.encode()).hexdigest(), 16) % 10 == 0 for file in files]
    assert held_out == [file for file, out in zip(files, sides, strict=True) if out]


def test_hold_out_everything():
    with pytest.raises(SettingsError, match="use 2 or more"):
        hold_out([Path("a.png")], 1)


def pictures(count=7, side=40):
    """Picture n has the value n everywhere."""
    return PictureSet([torch.full((3, side, side + 9), n, dtype=torch.uint8) for n in range(count)])


def step_of(index, part=0, parts=1, rank=0, count=1):
    context = ProcessContext(torch.device("cpu"), torch.float32)
    context.rank, context.world_size = rank, count
    return Step(index, torch.Generator(), context, SimpleNamespace(), part, parts)


def noisy(count=5):
    generator = torch.Generator().manual_seed(0)
    return PictureSet(
        [torch.randint(256, (3, 50, 60), dtype=torch.uint8, generator=generator) for _ in range(count)]
    )


EVERYTHING = CropTransform(size=16, scale=(0.8, 2.0), rotation=20, color=0.5)


def test_shape_range_and_repetition():
    batches = BatchLoader(noisy(), 6, EVERYTHING, seed=3)
    result = batches(step_of(4))
    assert result.shape == (6, 3, 16, 16)
    assert result.dtype == torch.float32
    assert float(result.min()) >= 0
    assert float(result.max()) <= 1
    assert torch.equal(result, BatchLoader(noisy(), 6, EVERYTHING, seed=3)(step_of(4)))
    assert not torch.equal(result, batches(step_of(5)))
    assert not torch.equal(result, BatchLoader(noisy(), 6, EVERYTHING, seed=4)(step_of(4)))


def test_any_division_gives_the_same_batch():
    batches = BatchLoader(noisy(), 12, EVERYTHING)
    whole = batches(step_of(2))
    parts = [batches(step_of(2, part, 3)) for part in range(3)]
    assert torch.equal(torch.cat(parts), whole)
    shares = [batches(step_of(2, part, 2, rank, 3)) for rank in range(3) for part in range(2)]
    assert torch.equal(torch.cat(shares), whole)


def test_every_picture_comes_once_per_epoch():
    batches = BatchLoader(pictures(7), 3)
    samples = [batches.picture_index(step, position) for step in range(7) for position in range(3)]
    for epoch in range(3):
        assert sorted(samples[7 * epoch : 7 * epoch + 7]) == list(range(7))
    assert samples[:7] != samples[7:14]


def test_every_position_has_its_own_crop():
    result = BatchLoader(noisy(1), 3, CropTransform(size=16))(step_of(0))  # three views of the only picture
    assert not torch.equal(result[0], result[1])
    assert not torch.equal(result[1], result[2])


def test_crops_show_their_picture():
    batches = BatchLoader(pictures(), 5, CropTransform(size=8))
    result = batches(step_of(1))
    for position in range(5):
        assert torch.allclose(
            result[position], torch.tensor(batches.picture_index(1, position) / 255), atol=1e-6
        )


def test_a_broken_file_is_replaced_by_the_next():
    class Torn(list):
        def __getitem__(self, index):
            if index == 2:
                raise PictureError("2.png is torn.")
            return super().__getitem__(index)

    result = PictureSet(Torn(pictures(4).pictures), files=["0.png", "1.png", "2.png", "3.png"])
    batches = BatchLoader(result, 8, CropTransform(size=8))
    values = (batches(step_of(0))[:, 0, 0, 0] * 255).round().int().tolist()
    assert sorted(values) == [0, 0, 1, 1, 3, 3, 3, 3]
    assert result.broken == [("2.png", "2.png is torn.")]


def test_bad_settings_are_refused():
    with pytest.raises(SettingsError, match="at least one picture"):
        BatchLoader(PictureSet())
    with pytest.raises(SettingsError, match="scale"):
        CropTransform(scale=(2.0, 1.0))
    with pytest.raises(SettingsError, match=r"batch of 6 .* 4 equal shares"):
        BatchLoader(pictures(), 6)(step_of(0, parts=2, count=2))
