"""``bottega stylize`` for videos, from end to end with a small network."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import bottega
from bottega.errors import BottegaError, Cancelled, OutputError, PictureError, SettingsError
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import ToolResult
from bottega.tools.registry import TOOLS
from bottega.tools.stylize.style_spec import parse_style
from bottega.tools.stylize.video import segmented_writer
from bottega.tools.stylize.video.formats import has_frames
from bottega.video import FrameFolder, VideoFile, is_animated, open_clip, read_recipe
from tests.video.synthetic_clips import (
    audio_format,
    packets_of,
    two_colors,
    write_sound,
    write_transparent_video,
    write_video,
)

Run = Callable[..., ToolResult]


class RecordingReporter(ProgressReporter):
    """Records progress and notes, and cancels after some reports."""

    def __init__(self, stop_after: int = 10**9) -> None:
        self.notes: list[str] = []
        self.done: list[float] = []
        self.seconds_left: list[float | None] = []
        self.sizes: list[tuple[int, ...]] = []
        self.stop_after = stop_after

    def progress(
        self, done: float, message: str = "", *, seconds_left: Any = None, preview: Any = None
    ) -> None:
        self.done.append(done)
        self.seconds_left.append(seconds_left)
        if preview is not None:
            self.sizes.append(tuple(preview().shape))

    def note(self, message: str) -> None:
        self.notes.append(message)

    def cancelled(self) -> bool:
        return len(self.sizes) >= self.stop_after


@pytest.fixture
def run(bench: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the tool with the small network in a folder with clip.mp4 (30 frames, sound) and style.png."""
    monkeypatch.setattr("bottega.tools.stylize.video.job.MIN_REPORT_SECONDS", 0.0)
    write_video(bench / "clip.mp4", two_colors(30), sound="aac")

    def stylize(content: str, *, report: ProgressReporter | None = None, **settings: Any) -> ToolResult:
        tool = TOOLS["stylize"]
        values = {"content": content, "style": ["style.png"], "model": "tiny-micro", "threads": 1}
        return tool.run(tool.configure({**values, "engine": "torch", **settings}), report)

    return stylize


def frames_of(path: Path | str) -> list[np.ndarray]:
    return [frame.pixels for frame in VideoFile(Path(path)).frames()]


def test_a_video_file(run: Run) -> None:
    reporter = RecordingReporter()
    outcome = run("clip.mp4", report=reporter, output="out.mp4")
    assert outcome.files == (Path("out.mp4"),)
    assert outcome.details["frames"] == 30
    before, after = VideoFile(Path("clip.mp4")), VideoFile(Path("out.mp4"))
    assert [frame.time for frame in before.frames()] == [frame.time for frame in after.frames()]
    assert (after.info.width, after.info.height) == (64, 48)
    assert np.abs(frames_of("out.mp4")[9].astype(int) - frames_of("clip.mp4")[9]).mean() > 5
    assert packets_of(Path("out.mp4"), "audio") == packets_of(Path("clip.mp4"), "audio")
    assert reporter.done == sorted(reporter.done)
    assert reporter.sizes[0] == (1, 3, 48, 64)
    assert reporter.seconds_left[-2] is not None
    recipe = read_recipe(Path("out.mp4"))
    assert recipe is not None
    assert recipe["video"]["temporal_smoothing"] == 1.0
    assert not Path("out.mp4.unfinished").exists()


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_an_animation_as_a_video_file_keeps_frames_times_and_hold(run: Run, suffix: str) -> None:
    # Seven frames per segment, whose H.264 packets have no times of decoding.
    pictures = [Image.fromarray(pixels) for pixels in two_colors(12)]
    pictures[0].save("in.gif", save_all=True, append_images=pictures[1:], duration=[700] * 11 + [3000])
    outcome = run("in.gif", output=f"out{suffix}")
    assert outcome.details["frames"] == 12
    frames = list(VideoFile(Path(f"out{suffix}")).frames())
    assert [frame.time for frame in frames] == [Fraction(7 * n, 10) for n in range(12)]
    assert frames[-1].duration == 3
    with pytest.raises(OutputError, match="exists"):
        run("in.gif", output=f"out{suffix}")


def test_a_clip_of_seven_frames(run: Run) -> None:
    write_video(Path("seven.mp4"), two_colors(7))
    run("seven.mp4", output="out.mp4")
    assert len(frames_of("out.mp4")) == 7


@pytest.mark.parametrize("name", ["in.mp4", "in.ts", "in.mkv"])
def test_mkv_states_the_frame_rate(run: Run, name: str) -> None:
    write_video(Path(name), two_colors(12), format="yuv420p")
    run(name, output="out.mkv")
    assert VideoFile(Path("out.mkv")).info.frame_rate == 25


def test_the_sound_is_decided_before_the_first_frame(run: Run) -> None:
    write_sound(Path("in.avi"), "pcm_s16le", layout="6 channels")
    reporter = RecordingReporter(stop_after=1)
    with pytest.raises(Cancelled):
        run("in.avi", report=reporter, output="out.webm")
    assert any("sound (pcm_s16le) is encoded again as OPUS" in note for note in reporter.notes)
    run("in.avi", output="out.webm")
    assert audio_format(Path("out.webm")) == ("opus", pytest.approx(2.0, abs=0.05))


def test_variable_times_and_rotation(run: Run) -> None:
    times = [Fraction(n, 1000) for n in (0, 40, 45, 200, 1000, 1033)]
    write_video(Path("vfr.mp4"), two_colors(6), times=times, turned=-90)
    run("vfr.mp4", output="out.webm")
    after = VideoFile(Path("out.webm"))
    assert [frame.time for frame in after.frames()] == times
    assert (after.info.width, after.info.height) == (48, 64)


def test_a_killed_run_resumes_with_the_same_result(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segmented_writer, "SEGMENT_SECONDS", Fraction(8, 25))
    run("clip.mp4", output="straight.mp4")

    reporter = RecordingReporter(stop_after=20)
    with pytest.raises(Cancelled, match=r"resumes from out\.mp4\.unfinished"):
        run("clip.mp4", report=reporter, output="out.mp4")
    assert not Path("out.mp4").exists()
    segments = sorted(Path("out.mp4.unfinished").glob("*.segment"))
    assert 1 <= len(segments) <= 3
    # A kill leaves a piece of the next segment.
    Path("out.mp4.unfinished/00009.segment.part").write_bytes(b"half")

    again = RecordingReporter()
    outcome = run("clip.mp4", report=again, output="out.mp4")
    assert outcome.details["frames"] == 30 - 8 * len(segments)
    assert any("Resuming after frame" in note for note in again.notes)
    for one, other in zip(frames_of("straight.mp4"), frames_of("out.mp4"), strict=True):
        # Sums of floats may differ in their last bit from run to run, and the encoder makes more of it.
        assert np.abs(one.astype(int) - other).mean() < 0.5
    assert not Path("out.mp4.unfinished").exists()


def test_finished_segments_are_not_stylized_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segmented_writer, "SEGMENT_SECONDS", Fraction(8, 25))
    with pytest.raises(Cancelled):
        run("clip.mp4", report=RecordingReporter(stop_after=20), output="out.mp4")
    first = Path("out.mp4.unfinished/00000.segment")
    before = first.stat().st_mtime_ns
    with pytest.raises(Cancelled):
        run("clip.mp4", report=RecordingReporter(stop_after=3), output="out.mp4")
    assert first.stat().st_mtime_ns == before


def test_other_settings_start_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segmented_writer, "SEGMENT_SECONDS", Fraction(8, 25))
    with pytest.raises(Cancelled):
        run("clip.mp4", report=RecordingReporter(stop_after=20), output="out.mp4")
    reporter = RecordingReporter()
    outcome = run("clip.mp4", report=reporter, output="out.mp4", strength=0.5)
    assert outcome.details["frames"] == 30
    assert any("starting again" in note for note in reporter.notes)


def test_stopped_before_the_first_segment_leaves_no_files(run: Run) -> None:
    with pytest.raises(Cancelled, match="no result was written"):
        run("clip.mp4", report=RecordingReporter(stop_after=3), output="out.mp4")
    assert not list(Path().glob("out*"))


def test_an_unreadable_frame_is_skipped(run: Run) -> None:
    path = write_video(Path("bad.mkv"), two_colors(12), codec="mjpeg", format="yuvj420p", options={})
    packet = packets_of(path, "video")[5]
    path.write_bytes(path.read_bytes().replace(packet, bytes(len(packet))))
    reporter = RecordingReporter()
    outcome = run("bad.mkv", report=reporter, output="out.mp4")
    assert len(outcome.details["unreadable"]) == 1
    assert any("bad.mkv: a frame" in note for note in reporter.notes)
    assert len(frames_of("out.mp4")) == 11


def test_invalid_video_files(run: Run) -> None:
    Path("empty.mp4").write_bytes(b"")
    Path("letter.mp4").write_text("Dear reader, " * 50)
    with pytest.raises(PictureError, match=r"empty\.mp4 is empty"):
        run("empty.mp4", output="out.mp4")
    with pytest.raises(PictureError, match=r"letter\.mp4 cannot be read as a video"):
        run("letter.mp4", output="out.mp4")
    with pytest.raises(PictureError, match=r"gone\.mp4 does not exist"):
        run("gone.mp4", output="out.mp4")
    assert not list(Path().glob("out*"))


@pytest.mark.parametrize(
    ("settings", "error", "sentence"),
    [
        ({"bits": 16, "output": "out.mp4"}, SettingsError, "8 bits"),
        ({"sheet": "sheet.png"}, SettingsError, "--sheet is for pictures"),
        ({"output": "out.avi"}, OutputError, r"out\.avi: a video is written as"),
        ({"output": "clip.mp4", "overwrite": True}, OutputError, "one of the inputs"),
        ({"output": "out.webm", "codec": "h264"}, OutputError, "vp9 or av1"),
        ({"output": "out.gif", "codec": "vp9"}, SettingsError, "--codec is for video files"),
        ({"style": ["style.png@-3s"]}, BottegaError, "style.png@-3s"),
        ({"region": ["thing=nowhere"], "style": ["thing=style.png"]}, PictureError, "nowhere"),
    ],
)
def test_unsupported_settings_and_files(
    run: Run, settings: dict[str, Any], error: type[BottegaError], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        run("clip.mp4", **settings)


def test_optimize_does_not_support_videos(run: Run) -> None:
    tool = TOOLS["stylize"]
    settings = tool.configure({"content": "clip.mp4", "style": ["style.png"], "method": "optimize"})
    with pytest.raises(SettingsError, match="use micro or photo"):
        tool.run(settings)


def test_video_settings_are_rejected_for_pictures(run: Run) -> None:
    with pytest.raises(SettingsError, match="--temporal-smoothing is for videos"):
        run("photo.png", temporal_smoothing=0.5, output="out.png")
    with pytest.raises(SettingsError, match="has a start time"):
        run("photo.png", style=["style.png@3s"], output="out.png")


def test_styles_fade_over_time(run: Run) -> None:
    run(
        "clip.mp4",
        style=["style.png@0s", "other.png@1s"],
        temporal_smoothing=0.0,
        output="fade.mp4",
        quality=100,
    )
    run("clip.mp4", style=["style.png"], temporal_smoothing=0.0, output="first.mp4", quality=100)
    run("clip.mp4", style=["other.png"], temporal_smoothing=0.0, output="second.mp4", quality=100)
    fade, first, second = (frames_of(f"{name}.mp4") for name in ("fade", "first", "second"))
    assert np.abs(fade[0].astype(int) - first[0]).mean() < 2
    # The last of the first style is 3 in 100; the two styles are 70 steps apart.
    assert np.abs(fade[28].astype(int) - second[28]).mean() < 4
    assert np.abs(fade[12].astype(int) - first[12]).mean() > 2


def test_masks_per_frame(run: Run) -> None:
    Path("masks").mkdir()
    for number in range(30):
        mask = np.zeros((48, 64), np.uint8)
        mask[:, :32] = 255
        Image.fromarray(mask).save(f"masks/{number:03d}.png")
    settings = {"region": ["left=masks"], "style": ["left=style.png"], "protect": ["background"]}
    run("clip.mp4", **settings, output="out.mp4", quality=100)
    before, after = frames_of("clip.mp4"), frames_of("out.mp4")
    right = np.abs(after[9][:, 34:].astype(int) - before[9][:, 34:]).mean()
    left = np.abs(after[9][:, :30].astype(int) - before[9][:, :30]).mean()
    assert right < 2 < left


def test_gaps_in_frame_numbers(run: Run) -> None:
    for name in ("in", "masks"):
        Path(name).mkdir()
    for number, pixels in zip((1, 2, 5), two_colors(3), strict=True):
        Image.fromarray(pixels).save(f"in/{number:04d}.png")
        mask = np.zeros((48, 64), np.uint8)
        mask[:, : 8 * number] = 255
        Image.fromarray(mask).save(f"masks/{number:04d}.png")
    settings = {"region": ["left=masks"], "style": ["left=style.png"], "protect": ["background"]}
    run("in", **settings, frames=True, output="out/%04d.png", temporal_smoothing=0.0)
    assert sorted(path.name for path in Path("out").iterdir()) == ["0001.png", "0002.png", "0005.png"]
    for number, pixels in zip((1, 2, 5), two_colors(3), strict=True):
        after = np.asarray(Image.open(f"out/{number:04d}.png"))
        changed = np.abs(after.astype(int) - pixels).sum((0, 2)) > 0
        assert changed[: 8 * number].all()
        assert not changed[8 * number :].any()


def test_keep_color(run: Run) -> None:
    run("clip.mp4", keep_color=True, output="out.mp4")
    assert np.abs(frames_of("out.mp4")[3].astype(int) - frames_of("clip.mp4")[3]).mean() > 1


def test_a_smaller_size(run: Run) -> None:
    run("clip.mp4", size=33, output="out.webm")
    assert frames_of("out.webm")[0].shape == (25, 33, 3)


def test_a_folder_of_frames(run: Run) -> None:
    Path("in").mkdir()
    for number, pixels in enumerate(two_colors(5), start=7):
        Image.fromarray(pixels).save(f"in/{number:04d}.png")
    run("in", frames=True, output="painted/%04d.png")
    assert [path.name for path in sorted(Path("painted").iterdir())] == [f"{n:04d}.png" for n in range(7, 12)]
    run("in", frame_rate=10, output="out.mp4")
    assert VideoFile(Path("out.mp4")).info.frame_rate == 10
    run("out.mp4", output="apart")
    assert FrameFolder(Path("apart")).info.frame_count == 5
    with pytest.raises(OutputError, match="is not empty"):
        run("in", frames=True, output="painted/%04d.png")


def test_without_frames_a_folder_is_one_of_pictures(run: Run) -> None:
    Path("in").mkdir()
    for number in range(2):
        Image.fromarray(two_colors(1)[0]).save(f"in/{number}.png")
    run("in", output="pictures")
    assert sorted(path.name for path in Path("pictures").iterdir()) == ["0-style.png", "1-style.png"]


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_animations(run: Run, suffix: str) -> None:
    pictures = [Image.fromarray(pixels) for pixels in two_colors(4)]
    pictures[0].save(
        f"in{suffix}", save_all=True, append_images=pictures[1:], duration=[80, 40, 200, 60], loop=0
    )
    run(f"in{suffix}", output=f"out{suffix}")
    assert is_animated(Path(f"out{suffix}"))
    with Image.open(f"out{suffix}") as image:
        durations = []
        for number in range(image.n_frames):
            image.seek(number)
            image.load()
            durations.append(round(image.info["duration"]))
    assert durations == [80, 40, 200, 60]


def test_the_first_frame_of_an_animation_as_a_picture(run: Run) -> None:
    pictures = [Image.fromarray(pixels) for pixels in two_colors(3)]
    pictures[0].save("in.gif", save_all=True, append_images=pictures[1:], duration=50)
    run("in.gif", output="out.jpg")
    with pytest.raises(OutputError, match=r"out\.xyz: a video is written as"):
        run("in.gif", output="out.xyz")
    with Image.open("out.jpg") as image:
        assert image.format == "JPEG"


def test_odd_sizes_are_reported(run: Run) -> None:
    write_video(Path("odd.mkv"), two_colors(3, 47, 63), codec="ffv1", options={})
    reporter = RecordingReporter()
    run("odd.mkv", report=reporter, output="out.mp4")
    assert frames_of("out.mp4")[0].shape == (48, 64, 3)
    assert any("even sizes" in note for note in reporter.notes)


def test_transparent_animations_become_white_in_video_files(run: Run) -> None:
    alpha = np.zeros((48, 64), np.uint8)
    alpha[:, 32:] = 255
    pictures = [Image.fromarray(np.dstack([pixels, alpha])) for pixels in two_colors(3)]
    pictures[0].save("in.webp", save_all=True, append_images=pictures[1:], duration=50, lossless=True)
    reporter = RecordingReporter()
    run("in.webp", report=reporter, output="out.mp4")
    np.testing.assert_allclose(frames_of("out.mp4")[0][:, 4:28], 255, atol=4)
    assert any("transparen" in note for note in reporter.notes)


@pytest.mark.parametrize("content", ["in.webp", "in.mov", "in.webm", "in"])
@pytest.mark.parametrize("output", ["out.webm", "out.mkv", "out.webp", "out.gif", "out"])
def test_transparency_is_kept(run: Run, content: str, output: str) -> None:
    alpha = np.zeros((48, 64), np.uint8)
    alpha[:, :32] = 255
    frames = [np.dstack([pixels, alpha]) for pixels in two_colors(8)]
    if content == "in":
        Path("in").mkdir()
        for number, samples in enumerate(frames):
            Image.fromarray(samples).save(f"in/{number:02d}.png")
    elif content == "in.webp":
        pictures = [Image.fromarray(samples) for samples in frames]
        pictures[0].save("in.webp", save_all=True, append_images=pictures[1:], duration=50, lossless=True)
    else:
        codec, format = ("prores_ks", "yuva444p10le") if content == "in.mov" else ("libvpx-vp9", "yuva420p")
        write_transparent_video(Path(content), frames, codec, format)
    settings: dict[str, Any] = {"codec": "vp9"} if output == "out.mkv" else {}
    settings |= {"frames": True} if content == "in" else {}
    run(content, output=output, **settings)
    clip = open_clip(Path(output))
    assert clip.info.has_alpha
    stylized = list(clip.frames())
    assert len(stylized) == 8
    for frame in stylized:
        assert frame.alpha is not None
        np.testing.assert_allclose(frame.alpha[:, 36:], 0, atol=3)
        np.testing.assert_allclose(frame.alpha[:, :28], 255, atol=3)


@pytest.mark.parametrize("output", ["out.mp4", "out.mov", "out.mkv", "out/%02d.jpg"])
def test_transparency_of_a_video_file_becomes_white_with_a_note(run: Run, output: str) -> None:
    alpha = np.zeros((48, 64), np.uint8)
    alpha[:, 32:] = 255
    frames = [np.dstack([pixels, alpha]) for pixels in two_colors(3)]
    write_transparent_video(Path("in.webm"), frames, "libvpx-vp9", "yuva420p")
    reporter = RecordingReporter()
    run("in.webm", report=reporter, output=output)
    clip = open_clip(Path(output).parent if "%" in output else Path(output))
    np.testing.assert_allclose(next(clip.frames()).pixels[:, 4:28], 255, atol=4)
    assert any("transparen" in note for note in reporter.notes)


def test_previews(run: Run) -> None:
    run("clip.mp4", output="out.mp4", preview="preview.jpg", preview_every=0.1)
    if Path("preview.jpg").exists():  # on a quick machine there is no time for one
        with Image.open("preview.jpg") as image:
            assert image.size == (64, 48)


def test_numbered_output_frames_mean_a_video(tmp_path: Path) -> None:
    assert has_frames(tmp_path, Path("out/%05d.png"), False)
    assert not has_frames(tmp_path, Path("out"), False)


def test_a_start_time_after_the_end_is_reported(run: Run) -> None:
    report = RecordingReporter()
    run("clip.mp4", style=["style.png@0s", "other.png@99s"], output="out.mp4", report=report)
    assert [note for note in report.notes if "other.png@99s" in note and "before the style starts" in note]
    assert not [note for note in report.notes if "style.png@0s" in note]


@pytest.mark.parametrize(
    ("text", "source", "weight", "scale", "region", "seconds"),
    [
        ("style.png@5s", "style.png", 1.0, 1.0, "background", 5.0),
        ("style.png@0.5s:0.4", "style.png", 0.4, 1.0, "background", 0.5),
        ("woodcut@3", "woodcut@3", 1.0, 1.0, "background", None),
        ("woodcut@3@12s", "woodcut@3", 1.0, 1.0, "background", 12.0),
        ("sky=woodcut@3@12s:scale=2", "woodcut@3", 1.0, 2.0, "sky", 12.0),
    ],
)
def test_start_times(
    bench: Path, text: str, source: str, weight: float, scale: float, region: str, seconds: float | None
) -> None:
    spec = parse_style(text)
    assert (spec.source.name, spec.weight, spec.scale) == (source, weight, scale)
    assert (spec.region, spec.start_seconds) == (region, seconds)


def test_stream_of_frames(run: Run) -> None:
    frames = two_colors(6)
    settings: dict[str, Any] = {"model": "tiny-micro", "engine": "torch", "precision": "fp32"}
    stylized = list(bottega.stylize_frames(frames, "style.png", temporal_smoothing=0.0, **settings))
    assert len(stylized) == 6
    assert stylized[0].shape == (48, 64, 3)
    assert stylized[0].dtype == np.uint8
    fading = bottega.stylize_frames(
        frames, ["style.png@0s", "other.png@0.2s"], temporal_smoothing=0.0, frame_rate=25, **settings
    )
    assert np.array_equal(next(fading), stylized[0])

    def left(pixels: np.ndarray) -> np.ndarray:
        mask = np.zeros(pixels.shape[:2], bool)
        mask[:, :32] = True
        return mask

    masked = bottega.stylize_frames(
        frames, {"thing": "style.png"}, region={"thing": left}, protect=["background"], **settings
    )
    first = next(masked)
    np.testing.assert_array_equal(first[:, 32:], frames[0][:, 32:])
    assert np.abs(first[:, :32].astype(int) - frames[0][:, :32]).mean() > 2


def test_the_latency_is_one_frame(run: Run) -> None:
    indices: list[int] = []

    def camera() -> Any:
        for number, pixels in enumerate(two_colors(5)):
            indices.append(number)
            yield pixels

    settings: dict[str, Any] = {"model": "tiny-micro", "engine": "torch"}
    for number, _ in enumerate(bottega.stylize_frames(camera(), "style.png", **settings)):
        assert indices[-1] == number


@pytest.mark.parametrize("bad", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), "frame"])
def test_invalid_frames(run: Run, bad: Any) -> None:
    with pytest.raises(PictureError, match="Frame 0"):
        list(bottega.stylize_frames([bad], "style.png", model="tiny-micro", engine="torch"))


def test_the_command(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    from bottega.cli import main

    words = ["stylize", "clip.mp4", "--style", "style.png", "--model", "tiny-micro", "-o", "out.mp4"]
    assert main([*words, "--json", "--engine", "torch"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[-1]["event"] == "result"
    assert events[-1]["frames"] == 30
    assert audio_format(Path("out.mp4"))[0] == "aac"
