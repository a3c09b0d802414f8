"""Files are written completely or not at all; invalid outputs are rejected with a message."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from bottega.errors import OutputError, PictureError
from bottega.files import file_sha256
from bottega.pictures import as_picture, encode, load, save

PICTURE = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(1))


def error_message(path: Path, picture=PICTURE, **options) -> str:
    with pytest.raises(OutputError) as caught:
        save(picture, path, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.PNG", "PNG"),
        ("b.Jpg", "JPEG"),
        ("c.jpeg", "JPEG"),
        ("d.webp", "WEBP"),
        ("e.TIFF", "TIFF"),
        ("f.tif", "TIFF"),
        ("g.avif", "AVIF"),
    ],
)
def test_suffix_decides_the_format(name: str, kind: str, tmp_path) -> None:
    path = save(PICTURE, str(tmp_path / name))
    assert path == tmp_path / name
    with Image.open(path) as image:
        assert image.format == kind
    assert os.listdir(tmp_path) == [name]


def test_invalid_paths(tmp_path) -> None:
    assert ".png, .jpg" in error_message(tmp_path / "a.bmp")
    assert "no suffix" in error_message(tmp_path / "a")
    assert "does not exist" in error_message(tmp_path / "missing" / "a.png")
    (tmp_path / "folder.png").mkdir()
    assert "is a folder" in error_message(tmp_path / "folder.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert "not a regular file" in error_message(tmp_path / "pipe.png")
    assert "too long" in error_message(tmp_path / ("x" * 300 + ".png"))
    assert "cannot be written" in error_message(tmp_path / "a\0.png")
    assert sorted(os.listdir(tmp_path)) == ["folder.png", "pipe.png"]


def test_long_file_names(tmp_path) -> None:
    assert save(PICTURE, tmp_path / ("x" * 251 + ".png")).exists()


def test_invalid_options(tmp_path) -> None:
    assert "between 1 and 100" in error_message(tmp_path / "a.jpg", quality=0)
    assert "8 or 16" in error_message(tmp_path / "a.png", bits=32)
    assert "NaN" in error_message(tmp_path / "a.png", alpha=torch.full((1, 1, 20, 30), float("nan")))
    assert "at most 16383" in error_message(tmp_path / "a.webp", torch.zeros(1, 3, 1, 16384))
    assert "at most 65535" in error_message(tmp_path / "a.jpg", torch.zeros(1, 3, 65536, 1))
    with pytest.raises(OutputError, match="choose PNG"):
        encode(PICTURE, "BMP")
    with pytest.raises(PictureError, match="must be equal"):
        save(PICTURE, tmp_path / "a.png", alpha=torch.ones(1, 1, 30, 20))
    with pytest.raises(PictureError, match="expected"):
        save(PICTURE, tmp_path / "a.png", alpha=torch.ones(20, 30))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
@pytest.mark.parametrize(("error", "sentence"), [
    (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
    (OSError(errno.EROFS, "Read-only file system"), "the folder is read-only"),
    (PermissionError(errno.EACCES, "Permission denied"), "read-only or not yours"),
])  # fmt: skip
def test_failing_system_calls(step: str, error: OSError, sentence: str, tmp_path, monkeypatch) -> None:
    """Raised by hand: a full disk is not at hand, and permission bits do not bind the superuser."""
    path = save(PICTURE, tmp_path / "a.png")
    before = file_sha256(path)

    def failing(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(os, step, failing)
    assert sentence in error_message(path, 1 - PICTURE)
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["a.png"]
    assert file_sha256(path) == before


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_ctrl_c_leaves_no_file(step: str, tmp_path, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(PICTURE, tmp_path / "a.png")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a file system that nobody can write to")
def test_real_read_only_folder() -> None:
    assert "read-only" in error_message(Path("/sys/kernel/a.png"))


@pytest.mark.skipif(sys.platform != "linux", reason="needs limits on the size of files")
def test_real_write_error(tmp_path) -> None:
    """The system refuses to let the file grow beyond 1,000 bytes, in the middle of the write."""
    program = (
        "import resource, sys, torch; from bottega.pictures import save\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: save(torch.rand(1, 3, 99, 99), sys.argv[1])\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    path = tmp_path / "a.png"
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("OutputError")
    assert "File too large" in done.stdout
    assert os.listdir(tmp_path) == []


def test_symbolic_links_are_followed(tmp_path) -> None:
    real = tmp_path / "real.png"
    real.write_bytes(b"old")
    link = tmp_path / "link.png"
    link.symlink_to(real)
    save(PICTURE, link)
    assert link.is_symlink()
    assert load(real).width == 30
    assert file_sha256(link) == file_sha256(real)


def test_file_hash_is_sha256(tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert file_sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_save_accepts_tensors_and_pictures(tmp_path) -> None:
    gray = torch.rand(1, 1, 4, 5, requires_grad=True)
    assert load(save(gray, tmp_path / "gray.png")).width == 5
    assert load(save(PICTURE[0], tmp_path / "three.png")).width == 30
    assert load(save(as_picture(PICTURE), tmp_path / "picture.png")).width == 30
