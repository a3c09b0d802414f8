"""Folders of pictures, and what is held out of them."""

import hashlib
from pathlib import Path

import pytest

from bottega.errors import PictureError, SettingsError
from bottega.training import find_pictures, hold_out


def test_pictures_are_found_in_folders_of_folders_in_order(tmp_path):
    for name in ("b.JPG", "a/z.png", "a/c/x.webp", ".hidden/y.png", "a/.y.png", "readme.txt", "c.tif"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    found = [path.relative_to(tmp_path).as_posix() for path in find_pictures(tmp_path)]
    assert found == ["a/c/x.webp", "a/z.png", "b.JPG", "c.tif"]


def test_a_hidden_folder_above_does_not_matter(tmp_path):
    (tmp_path / ".home").mkdir()
    (tmp_path / ".home" / "a.png").touch()
    assert len(find_pictures(str(tmp_path / ".home"))) == 1


def test_no_folder_and_no_picture_are_refused(tmp_path):
    with pytest.raises(PictureError, match="is not a folder"):
        find_pictures(tmp_path / "missing")
    with pytest.raises(PictureError, match="There is no picture"):
        find_pictures(tmp_path)


def test_held_out_by_name_alone():
    files = [Path(f"some/photo_{number}.jpg") for number in range(2000)]
    training, held_out = hold_out(files)
    assert sorted(training + held_out) == sorted(files)
    assert 150 < len(held_out) < 250
    moved = [Path("elsewhere") / file.name for file in reversed(files[::3])]
    assert {file.name for file in hold_out(moved)[1]} == {f.name for f in held_out} & {f.name for f in moved}
    sides = [int(hashlib.sha1(file.name.encode()).hexdigest(), 16) % 10 == 0 for file in files]
    assert held_out == [file for file, out in zip(files, sides, strict=True) if out]


def test_holding_out_everything_is_refused():
    with pytest.raises(SettingsError, match="use 2 or more"):
        hold_out([Path("a.png")], 1)
