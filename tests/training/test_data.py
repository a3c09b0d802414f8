"""Pictures to train on: small in memory, in order, and a broken one stops nobody."""

import numpy as np
import pytest
import torch
from PIL import Image

from bottega.errors import PictureError
from bottega.pictures import load
from bottega.training import PictureSet, load_pictures


def write(path, width, height, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def test_small_pictures_stay_to_the_byte(tmp_path):
    pixels = write(tmp_path / "a.png", 50, 40)
    found = load_pictures([tmp_path / "a.png"], short_side=40)
    assert len(found) == 1
    assert found.pictures[0].dtype == torch.uint8
    assert np.array_equal(found.pictures[0].permute(1, 2, 0).numpy(), pixels)


@pytest.mark.parametrize(
    ("size", "expected"), [((90, 60), (48, 32)), ((60, 91), (32, 49)), ((64, 64), (32, 32))]
)
def test_larger_ones_are_reduced_to_the_short_side(tmp_path, size, expected):
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
    for number in range(3):
        write(tmp_path / f"{number}.png", 20, 20, seed=number)
    (tmp_path / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    whole = (tmp_path / "2.png").read_bytes()
    (tmp_path / "2.png").write_bytes(whole[: len(whole) // 2])
    files = [tmp_path / name for name in ("1.png", "torn.jpg", "missing.png", "0.png", "2.png")]
    found = load_pictures(files)
    assert found.files == [tmp_path / "1.png", tmp_path / "0.png"]
    assert len(found.pictures) == len(found) == 2
    assert [file.name for file, _ in found.broken] == ["torn.jpg", "missing.png", "2.png"]
    assert all(file.name in reason for file, reason in found.broken)


def test_nothing_but_broken_files_is_an_error(tmp_path):
    (tmp_path / "a.png").write_text("not a picture")
    with pytest.raises(PictureError, match="None of the 2 files"):
        load_pictures([tmp_path / "a.png", tmp_path / "b.png"])


def test_sets_do_not_share_their_lists():
    one, other = PictureSet(), PictureSet()
    one.pictures.append(torch.zeros(3, 1, 1, dtype=torch.uint8))
    assert len(other) == 0


def test_what_does_not_fit_into_memory_is_read_again_with_the_same_pixels(tmp_path):
    files = [tmp_path / f"{number}.png" for number in range(4)]
    for number, file in enumerate(files):
        write(file, 30, 20, seed=number)
    whole = load_pictures(files, short_side=16)
    one = whole.pictures[0].numel()
    told = []
    few = load_pictures(
        files, 16, max_bytes=2 * one, on_progress=lambda done, count: told.append((done, count))
    )
    assert told == [(1, 4), (2, 4)]  # the others are not decoded yet
    assert len(few) == 4
    assert few.files == files
    for number in (3, 0, 2, -1):
        assert torch.equal(few.pictures[number], whole.pictures[number])
    with pytest.raises(IndexError):
        few.pictures[4]


def test_a_broken_file_beyond_the_memory_is_listed_when_it_is_met(tmp_path):
    files = [tmp_path / f"{number}.png" for number in range(4)]
    for number, file in enumerate(files):
        write(file, 30, 20, seed=number)
    found = load_pictures(files, max_bytes=1)
    files[2].write_bytes(b"torn")
    assert found.broken == []
    assert torch.equal(found.get_readable(2), found.pictures[3])
    assert torch.equal(found.get_readable(2), found.pictures[3])
    assert [file for file, _ in found.broken] == [files[2]]
    for file in files:
        file.unlink()
    assert torch.equal(found.get_readable(3), found.pictures[0])  # round the end, to the one in memory
