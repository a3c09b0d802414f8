"""Thousands of damaged files: each is rejected with a message or read as a valid picture, quickly.

``make test`` damages every file some hundred times, ``make test-all`` some thousand times. Each damage has a
number; ``damaged(FILES[name], number)`` makes it again.
"""

from __future__ import annotations

import importlib.util
import time
import zlib
from collections.abc import Iterable

import numpy as np
import pytest
import torch
from PIL import Image
from synthetic_files import encoded, heic, matrix_profile, tiff16

from bottega.errors import PictureError, ResourceError
from bottega.pictures import as_picture, embedded_recipe, encode, load, read_recipe

FEW, MANY = 200, 2200
LONGEST = 5.0  # seconds of the processor; the usual is a few milliseconds


def files() -> dict[str, bytes]:
    """One small file of each format and of each way through our own code."""
    rng = np.random.default_rng(5)
    samples = rng.integers(0, 65536, (12, 11, 4), dtype=np.uint16)
    noise = Image.fromarray((samples[:, :, :3] >> 8).astype(np.uint8))
    profile = matrix_profile([(0.61, 0.31, 0.02), (0.2, 0.63, 0.06), (0.15, 0.06, 0.74)], 2.2)
    exif = Image.Exif()
    exif[0x0112] = 6
    recipe = {"tool": "test", "text": "é" * 10}
    xmp = embedded_recipe.to_xmp(embedded_recipe.to_json(recipe))
    contents = {
        "png": encoded(noise, "PNG", icc_profile=profile, exif=exif),
        "png palette": encoded(noise.quantize(16), "PNG", transparency=3),
        "png recipe": encode(as_picture(samples), "PNG", recipe=recipe),
        "png 16": encode(as_picture(samples), "PNG", bits=16, recipe=recipe),
        "jpeg": encoded(noise, "JPEG", icc_profile=profile, exif=exif),
        "jpeg progressive": encoded(noise.convert("CMYK"), "JPEG", progressive=True),
        "webp": encode(as_picture(samples), "WEBP", recipe=recipe),
        "webp lossless": encoded(noise, "WEBP", lossless=True, icc_profile=profile),
        "tiff": encode(as_picture(samples), "TIFF", recipe=recipe),
        "tiff 16": encode(as_picture(samples), "TIFF", bits=16),
        "tiff raw": tiff16(samples[:, :, :3], order="MM", planar=True),
        "bmp": encoded(noise, "BMP"),
        "gif": encoded(noise.quantize(16), "GIF", save_all=True, append_images=[noise.quantize(8)]),
        "avif": encode(as_picture(samples[:, :, :3]), "AVIF", recipe=recipe),
    }
    if importlib.util.find_spec("pillow_heif"):
        contents["heic"] = heic(noise, icc_profile=profile, exif=exif.tobytes(), xmp=xmp)
        contents["heic alpha"] = heic(Image.fromarray((samples >> 8).astype(np.uint8)))
    return contents


def damaged(content: bytes, number: int) -> bytes:
    """Bytes flipped, zeroed or doubled, more often near the front where headers are, or the end cut off."""
    rng = np.random.default_rng([zlib.crc32(content), number])
    data = np.frombuffer(content, np.uint8).copy()
    reach = len(data) if rng.random() < 0.5 else min(len(data), 100)
    for _ in range(int(rng.integers(1, 9))):
        place = int(rng.integers(0, reach))
        kind = rng.integers(0, 4)
        if kind == 0:
            data[place] ^= 1 << int(rng.integers(0, 8))
        elif kind == 1:
            data[place] = rng.integers(0, 256)
        elif kind == 2:
            data[place : place + int(rng.integers(1, 9))] = rng.choice([0, 255])
        else:
            data = np.concatenate([data[:place], data[max(0, place - 4) :]])
    if rng.random() < 0.3:
        data = data[: int(rng.integers(1, len(data)))]
    return with_valid_checksums(data.tobytes()) if rng.random() < 0.7 else data.tobytes()


def with_valid_checksums(content: bytes) -> bytes:
    """A PNG with its checksums made right again, so that the damage gets past them; others as they are."""
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return content
    data, place = bytearray(content), 8
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        data[end : end + 4] = zlib.crc32(data[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(data)


FILES = files()


def check(name: str, numbers: Iterable[int]) -> None:
    """Each damage is refused with a sentence or gives a valid picture; some are refused."""
    sentences = []
    for number in numbers:
        content = damaged(FILES[name], number)
        started = time.process_time()
        try:
            sentences.append(error_message(content))
        except Exception as error:
            raise AssertionError(f"damage {number} of {name}: {error!r}") from error
        assert time.process_time() - started < LONGEST, f"damage {number} of {name}"
    messages = [sentence for sentence in sentences if sentence is not None]
    assert messages
    assert all(sentence.endswith(".") for sentence in messages)


def error_message(content: bytes) -> str | None:
    """Why a file is not read; None where it is, and then the picture is sound."""
    try:
        recipe = read_recipe(content)
        picture = load(content, max_pixels=250_000)
    except (PictureError, ResourceError) as error:
        return str(error)
    assert recipe is None or isinstance(recipe, dict)
    assert picture.pixels.shape[1] == 3
    assert torch.isfinite(picture.pixels).all()
    assert 0 <= float(picture.pixels.min()) <= float(picture.pixels.max()) <= 1
    return None


@pytest.mark.parametrize("name", FILES)
def test_damaged_files_are_rejected_or_valid(name: str) -> None:
    assert load(FILES[name]).width in (11, 12)
    check(name, range(FEW))


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_many_damaged_files_are_rejected_or_valid(name: str) -> None:
    check(name, range(FEW, MANY))
