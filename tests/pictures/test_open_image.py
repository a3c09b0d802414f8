"""Files that cannot be read are rejected with a message that names them."""

from __future__ import annotations

import io
import os
import sys
import time
import tracemalloc
import zlib

import pytest
from PIL import Image
from synthetic_files import chunk, encoded, png

from bottega.errors import PictureError, ResourceError
from bottega.files import file_sha256
from bottega.pictures import as_picture, load, open_image, read_recipe

PICTURE = Image.effect_noise((40, 30), 60).convert("RGB")


def error_message(thing, **options) -> str:
    with pytest.raises(PictureError) as caught:
        load(thing, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_missing_empty_and_irregular_files(tmp_path) -> None:
    assert "does not exist" in error_message(tmp_path / "nothing.png")
    assert "is a folder" in error_message(tmp_path)
    (tmp_path / "empty.png").touch()
    assert "zero bytes" in error_message(tmp_path / "empty.png")
    assert "zero bytes" in error_message(b"")
    assert "cannot be opened" in error_message("a\0b.png")
    assert str(tmp_path / "nothing.png") in error_message(tmp_path / "nothing.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert "not a regular file" in error_message(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match="cannot be read"):
        file_sha256(tmp_path / "nothing.png")
    with pytest.raises(PictureError, match="does not exist"):
        read_recipe(tmp_path / "nothing.png")


def test_no_permission(tmp_path, monkeypatch) -> None:
    """Raised by hand: permission bits do not bind the superuser, who may be running this."""
    path = tmp_path / "a.png"
    path.write_bytes(b"x")

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", denied)
    assert "permission denied" in error_message(path)


def test_other_files_are_rejected() -> None:
    assert "not a picture" in error_message(b"Dear diary")
    for content, name in (
        (b"%PDF-1.7 ...", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF", "PostScript"),
        (b"8BPS\0\1", "Photoshop"),
        (b"<svg xmlns=", "SVG"),
        (b"PK\x03\x04", "ZIP"),
    ):
        assert name in error_message(content)
    assert "binary mode" in error_message(io.StringIO("text"))
    with pytest.raises(PictureError, match="int is not a picture"):
        as_picture(3)


@pytest.mark.parametrize("kind", ["PPM", "TGA", "ICO", "PCX", "SGI"])
def test_unsupported_formats_are_never_opened(kind: str, tmp_path) -> None:
    content = encoded(PICTURE.convert("RGB"), kind)
    assert "Bottega reads PNG" in error_message(content)
    path = tmp_path / "disguised.png"
    path.write_bytes(content)
    assert "Bottega reads PNG" in error_message(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_truncated_files(kind: str, share: float) -> None:
    content = encoded(PICTURE, kind)
    assert error_message(content[: max(12, int(len(content) * share))]).startswith("bytes ")


def huge(kind: str) -> bytes:
    """A file of a few hundred bytes that claims more than 16,000 pixels on each side."""
    if kind == "PNG":
        return png(30_000, 30_000, 8, 2, b"\0" * 100)
    if kind == "BMP":
        content = bytearray(encoded(PICTURE, "BMP"))
        content[18:26] = (30_000).to_bytes(4, "little") * 2
        return bytes(content)
    if kind == "GIF":
        content = bytearray(encoded(PICTURE, "GIF"))
        content[6:10] = (30_000).to_bytes(2, "little") * 2
        return bytes(content)
    if kind == "JPEG":
        content = bytearray(encoded(PICTURE, "JPEG"))
        place = content.index(b"\xff\xc0") + 5
        content[place : place + 4] = (30_000).to_bytes(2, "big") * 2
        return bytes(content)
    if kind == "WEBP":
        head = b"WEBPVP8X\x0a\0\0\0\0\0\0\0" + (16_382).to_bytes(3, "little") * 2
        frame = encoded(PICTURE, "WEBP")[12:]
        return b"RIFF" + (len(head) + len(frame)).to_bytes(4, "little") + head + frame
    content = bytearray(encoded(PICTURE, "TIFF"))
    with Image.open(io.BytesIO(bytes(content))) as image:
        start = image.tag_v2._offset  # where the table of tags stands
    count = int.from_bytes(content[start : start + 2], "little")
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        if int.from_bytes(content[entry : entry + 2], "little") in (256, 257):
            content[entry + 2 : entry + 4] = (4).to_bytes(2, "little")
            content[entry + 8 : entry + 12] = (30_000).to_bytes(4, "little")
    return bytes(content)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "JPEG", "WEBP", "TIFF"])
def test_size_limit_is_checked_before_decoding(kind: str) -> None:
    tracemalloc.start()
    started = time.perf_counter()
    sentence = error_message(huge(kind))
    assert "limit of 100,000,000 pixels" in sentence
    assert "30000 × 30000" in sentence or kind == "WEBP"
    assert time.perf_counter() - started < 1
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_size_limit_is_a_setting(monkeypatch) -> None:
    content = encoded(PICTURE, "PNG")
    assert "limit of 1,199 pixels" in error_message(content, max_pixels=1199)
    assert load(content, max_pixels=1200).width == 40
    monkeypatch.setenv("BOTTEGA_MAX_PIXELS", "1199")
    assert "limit of 1,199 pixels" in error_message(content)
    with pytest.raises(PictureError, match="limit"):
        as_picture(PICTURE)
    assert load(content, max_pixels=1200).width == 40


def test_size_limit_also_raises_the_limit_of_pillow(monkeypatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert load(encoded(PICTURE, "TIFF", compression="tiff_lzw")).width == 40


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP"])
def test_decompression_bombs_in_png_text(name: bytes) -> None:
    packed = zlib.compress(b"a" * 50_000_000)
    content = b"k\0\1\0\0\0" + packed if name == b"iTXt" else b"k\0\0" + packed
    tracemalloc.start()
    assert "text or profile data" in error_message(png(1, 1, 8, 2, b"\0" * 4, chunk(name, content)))
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_heic_without_pillow_heif(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    sentence = error_message(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40))
    assert "HEIC" in sentence
    assert "pip install pillow-heif" in sentence


def test_out_of_memory() -> None:
    for error in (MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")):
        with (
            pytest.raises(ResourceError, match=r"not enough memory to read big\.png"),
            open_image.picture_errors("big.png"),
        ):
            raise error
    with pytest.raises(PictureError, match="damaged"), open_image.picture_errors("lying.heic"):
        raise RuntimeError("Memory allocation error: Security limit exceeded: Image size 4096x4096")


def test_pillow_warnings_are_hidden(recwarn) -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\x05\0broken"
    load(encoded(PICTURE, "JPEG", exif=exif))
    assert [w for w in recwarn if "PIL" in w.filename] == []
