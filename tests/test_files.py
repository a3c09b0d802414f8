"""Files are written completely or not at all, listed in a fixed order, and never overwritten by accident."""

from __future__ import annotations

from pathlib import Path

import pytest

from bottega.errors import OutputError, PictureError, WeightsError
from bottega.files import (
    atomic_write,
    check_overwrite,
    check_overwrite_folder,
    file_sha256,
    list_files,
    write_file,
)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    write_file(path, "old")

    def fail() -> None:
        with atomic_write(path) as temporary:
            temporary.write_text("new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_file_permissions_follow_the_umask(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_file(tmp_path / "atomic", b"")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_folder_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder"):
        write_file(tmp_path, b"")


def test_sha256_of_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="cannot be read"):
        file_sha256(tmp_path / "a")
    with pytest.raises(WeightsError, match="cannot be read"):
        file_sha256(tmp_path / "a", WeightsError)


def test_files_are_listed_by_suffix_and_path(tmp_path: Path) -> None:
    names = ["b.PNG", "a.png", "c.txt", ".hidden.png", "sub/a.png", ".git/a.png"]
    for name in names:
        write_file(tmp_path / name, b"")
    (tmp_path / "folder.png").mkdir()

    def listed(**options: bool) -> list[str]:
        files = list_files(tmp_path, {".png"}, **options)
        return [file.relative_to(tmp_path).as_posix() for file in files]

    assert listed() == ["a.png", "b.PNG"]
    assert listed(recursive=True) == ["a.png", "b.PNG", "sub/a.png"]
    assert len(list_files(tmp_path)) == 3
    with pytest.raises(PictureError, match="not a folder"):
        list_files(tmp_path / "nowhere")


def test_existing_files_and_inputs_are_protected(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    check_overwrite(path, overwrite=False)
    write_file(path, b"")
    check_overwrite(path, overwrite=True)
    with pytest.raises(OutputError, match="--overwrite"):
        check_overwrite(path, overwrite=False)
    with pytest.raises(OutputError, match="one of the inputs"):
        check_overwrite(path, overwrite=True, inputs=[tmp_path / "gone", path])
    with pytest.raises(OutputError, match="is a folder"):
        check_overwrite(tmp_path, overwrite=True)
    with pytest.raises(OutputError, match="does not exist"):
        check_overwrite(tmp_path / "gone" / "a.png", overwrite=True)


def test_folders_with_files_are_protected(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    check_overwrite_folder(folder, overwrite=False)
    write_file(folder / "a", b"")
    check_overwrite_folder(folder, overwrite=True)
    with pytest.raises(OutputError, match="not empty"):
        check_overwrite_folder(folder, overwrite=False)
    with pytest.raises(OutputError, match="is a file"):
        check_overwrite_folder(folder / "a", overwrite=True)
