"""How films are written: which encoders, with what settings, in which files."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from bottega.errors import OutputError
from bottega.video.pyav import av

FILES = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""Suffixes of films that are written, with FFmpeg's names of the formats."""

CODECS = {"h264": ("libx264", "libopenh264"), "vp9": ("libvpx-vp9",), "av1": ("libsvtav1", "libaom-av1")}
"""The codecs by name, and their encoders, best first."""

USUAL = {"mp4": "h264", "mov": "h264", "matroska": "h264", "webm": "vp9"}
HELD = {
    "mp4": ("h264", "vp9", "av1"),
    "mov": ("h264",),
    "matroska": ("h264", "vp9", "av1"),
    "webm": ("vp9", "av1"),
}
SOUND = {"mp4": "aac", "mov": "aac", "matroska": "libopus", "webm": "libopus"}
"""What sound becomes where the file cannot hold it as it is."""
SOUND_HELD = {
    "mp4": {"aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"},
    "mov": {"aac", "mp3", "ac3", "eac3", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_f32le"},
    "webm": {"opus", "vorbis"},
}
"""Codecs of sound that are copied; a Matroska file holds them all."""

BEST, USUAL_QUALITY = 100, 92
KEY_FRAMES = Fraction(2)  # seconds between frames that can be jumped to


@dataclass(frozen=True)
class Encoding:
    """One way to write moving pictures.

    Attributes:
        codec: ``h264``, ``vp9`` or ``av1``.
        encoder: FFmpeg's name of what writes it.
        options: of the encoder.
        even: whether the sides of the picture must be even.
        alpha: whether transparency can be kept.
    """

    codec: str
    encoder: str
    options: dict[str, str]
    even: bool
    alpha: bool


def file_format(path: Path) -> str:
    """FFmpeg's name of the format that a film's name asks for.

    Raises:
        OutputError: the suffix is unknown.
    """
    if path.suffix.lower() not in FILES:
        raise OutputError(f"{path}: films are written as {', '.join(FILES)}.")
    return FILES[path.suffix.lower()]


def encoding_for(path: Path, codec: str = "auto", quality: int = USUAL_QUALITY) -> Encoding:
    """What writes a film of that name.

    Args:
        codec: ``auto`` takes H.264 for MP4, MOV and Matroska, which plays everywhere, and VP9 for WebM.
        quality: 1 to 100, as for pictures.

    Raises:
        OutputError: the file cannot hold the codec, or no encoder for it is installed.
    """
    kind = file_format(path)
    name = USUAL[kind] if codec == "auto" else codec
    if name not in HELD[kind]:
        raise OutputError(
            f"{path}: a {path.suffix.lower()} file holds {' or '.join(HELD[kind])} here, not {name}."
        )
    there = [encoder for encoder in CODECS[name] if encoder in av().codecs_available]
    if not there:
        others = [other for other in HELD[kind] if other != name]
        hint = f"try --codec {others[0]}" if others else "try another file format"
        raise OutputError(f"No encoder for {name} is in the installed package av; {hint}.")
    encoder = there[0]
    options = _options(encoder, quality)
    return Encoding(name, encoder, options, even=name == "h264", alpha=encoder == "libvpx-vp9")


def _options(encoder: str, quality: int) -> dict[str, str]:
    """Constant quality; speed such that one core writes 640 × 360 faster than it is painted.

    No frame refers to a later one, so that segments join as they are and every frame has the time it had.
    """
    loss = USUAL_QUALITY - quality
    if encoder == "libx264":
        return {"crf": f"{max(0, 18 + 0.36 * loss):.1f}", "preset": "veryfast", "bf": "0"}
    if encoder == "libsvtav1":
        return {"crf": str(min(63, max(1, round(28 + 0.38 * loss)))), "preset": "9"}
    free = {
        "crf": str(min(63, max(0, round(24 + 0.42 * loss)))),
        "b": "0",
        "row-mt": "1",
        "lag-in-frames": "0",
    }
    if encoder == "libvpx-vp9":
        return {**free, "deadline": "realtime", "cpu-used": "7", "auto-alt-ref": "0"}
    if encoder == "libaom-av1":
        return {**free, "usage": "realtime", "cpu-used": "8"}
    return {}
