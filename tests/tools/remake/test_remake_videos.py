"""``bottega remake`` for videos: the recipe inside makes the same video again."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bottega.errors import MismatchError, OutputError, PictureError
from bottega.tools.common.tool import ToolResult
from bottega.tools.registry import TOOLS
from bottega.video import VideoFile
from tests.video.synthetic_clips import two_colors, write_video


def stylize(content: str, **settings: Any) -> ToolResult:
    tool = TOOLS["stylize"]
    values = {"content": content, "style": ["style.png"], "model": "tiny-micro", "threads": 1}
    return tool.run(tool.configure({**values, "engine": "torch", **settings}))


def remake(path: str, **settings: Any) -> ToolResult:
    tool = TOOLS["remake"]
    return tool.run(tool.configure({"picture": path, **settings}))


@pytest.fixture
def video_file(bench: Path) -> Path:
    write_video(bench / "clip.mp4", two_colors(12))
    stylize("clip.mp4", style=["style.png", "other.png@1s"], temporal_smoothing=0.5, output="out.mp4")
    return bench / "out.mp4"


def test_remake_and_verify(video_file: Path) -> None:
    outcome = remake("out.mp4", verify=True, output="again.mp4")
    assert outcome.files == (Path("again.mp4"),)
    assert outcome.details["verified"]
    again, first = ([f.pixels for f in VideoFile(path).frames()] for path in (Path("again.mp4"), video_file))
    assert max(np.abs(a.astype(int) - b).mean() for a, b in zip(again, first, strict=True)) < 0.5
    assert remake("again.mp4", verify=True).files == ()
    assert not list(video_file.parent.glob("*.unfinished"))


def test_inputs_are_found_by_their_hash(video_file: Path) -> None:
    Path("elsewhere").mkdir()
    shutil.move("clip.mp4", "elsewhere/renamed.mp4")
    with pytest.raises(PictureError, match=r"clip\.mp4 is neither at"):
        remake("out.mp4", verify=True)
    remake("out.mp4", verify=True, search=["elsewhere"])


def test_another_video_does_not_match(video_file: Path) -> None:
    recipe = remake("out.mp4", verify=True).details["recipe"]
    assert [style["start_seconds"] for style in recipe["styles"]] == [None, 1.0]
    # The same recipe in a video with other pixels.
    from bottega.video import SegmentWriter, choose_encoding, mux

    info = VideoFile(video_file).info
    with SegmentWriter(Path("other.segment"), info, choose_encoding(video_file, "auto", 92)) as writer:
        for frame in VideoFile(Path("clip.mp4")).frames():
            writer.write(frame)
    mux([Path("other.segment")], Path("other.mp4"), frame_count=12, frame_rate=Fraction(25), recipe=recipe)
    with pytest.raises(MismatchError, match=r"other\.mp4 differs from what its recipe makes: frame 1 by"):
        remake("other.mp4", verify=True)


def test_a_folder_of_frames_and_masks(bench: Path) -> None:
    for name in ("in", "masks"):
        Path(name).mkdir()
    for number, pixels in enumerate(two_colors(3)):
        Image.fromarray(pixels).save(f"in/{number}.png")
        mask = np.zeros(pixels.shape[:2], np.uint8)
        mask[:, :30] = 255
        Image.fromarray(mask).save(f"masks/{number}.png")
    parts = {"region": ["left=masks"], "style": ["left=style.png"], "protect": ["background"]}
    stylize("in", **parts, frame_rate=10, output="out.mp4")
    remake("out.mp4", verify=True)
    Path("moved").mkdir()
    shutil.move("in", "moved/in")
    remake("out.mp4", verify=True, search=["moved"])
    Image.fromarray(two_colors(1)[0][::-1].copy()).save("moved/in/1.png")
    with pytest.raises(MismatchError, match="are not those that the clip was made from"):
        remake("out.mp4", verify=True, search=["moved"])
    shutil.rmtree("moved")
    with pytest.raises(PictureError, match="The folder in is neither at"):
        remake("out.mp4", verify=True)


def test_invalid_requests(video_file: Path) -> None:
    with pytest.raises(PictureError, match="only videos that Bottega made"):
        remake("clip.mp4", verify=True)
    with pytest.raises(OutputError, match="a video is remade as a video file"):
        remake("out.mp4", output="again.gif")
    with pytest.raises(OutputError, match="one of the inputs"):
        remake("out.mp4", output="clip.mp4", overwrite=True)
