"""``bottega choose``: from a folder of pictures to explained preferences."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bottega.cli import main
from bottega.personalize import Condition

COUNT = 20
TASTE = "taste.preferences.json"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty soft pictures: half of them gray, in a folder of their own; and an unreadable one."""
    folder = tmp_path_factory.mktemp("art")
    (folder / "gray").mkdir()
    rng = np.random.default_rng(0)
    for number in range(COUNT):
        colors = rng.integers(0, 256, (5, 6, 3), np.uint8)
        image = Image.fromarray(colors).resize((64, 48), Image.Resampling.BICUBIC)
        name = f"gray/g{number}.png" if number % 2 else f"c{number}.png"
        (image.convert("L").convert("RGB") if number % 2 else image).save(folder / name)
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def workspace(pictures: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the pictures in "art" and new preferences taste.preferences.json."""
    import torch

    torch.set_num_threads(1)
    monkeypatch.setenv("BOTTEGA_CACHE", str(cache))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(pictures, "art")
    start = cache / "start"
    if not start.exists():
        assert main(["--quiet", "choose", "start", TASTE, "art", "--height", "64"]) == 0
        start.mkdir()
        for name in (TASTE, "taste-1.jpg"):
            shutil.copy(name, start)
    for name in (TASTE, "taste-1.jpg"):
        shutil.copy(start / name, name)
    return tmp_path


def output_of(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> str:
    """What a command writes to both streams."""
    capsys.readouterr()
    assert main(["choose", *args]) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


def result_of(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, object]:
    """The result as JSON."""
    capsys.readouterr()
    assert main(["--json", "choose", *args]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def last_sheet(preferences: str = TASTE) -> list[str]:
    content = json.loads(Path(preferences).read_text())
    return [event for event in content["events"] if event["kind"] == "presentation"][-1]["items"]


def test_sheet_of_nine(workspace: Path) -> None:
    sheet = Image.open("taste-1.jpg")
    assert sheet.width > 3 * 64
    assert sheet.height > 3 * 64
    assert len(set(last_sheet())) == 9
    content = json.loads(Path(TASTE).read_text())
    assert content["bottega preferences"] == 1
    assert content["source"] == {"folder": "art"}


def test_picks_are_explained(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who always picks gray pictures prefers muted colors."""
    for _ in range(2):
        gray = [str(place + 1) for place, name in enumerate(last_sheet()) if "gray" in name]
        result_of(capsys, "pick", TASTE, ",".join(gray))
        result_of(capsys, "next", TASTE, "--height", "64")
    for name in sorted(Path("art").rglob("*.png")):
        if name.name != "broken.png":
            result_of(capsys, "rate", TASTE, str(name), "5" if "gray" in str(name) else "2")
    result = result_of(capsys, "explain", TASTE)
    assert "saturation" in result["significant"] or "variety" in result["significant"]
    rows = {row["trait"]: row for row in result["rows"]}
    assert "muted" in rows["saturation"]["you prefer"]
    result_of(
        capsys,
        "export",
        TASTE,
        "--liked",
        "liked",
        "--save-condition",
        "liked.condition.json",
    )
    assert sorted(path.name for path in Path("liked").iterdir()) == sorted(
        f"gray-g{number}.png" for number in range(1, COUNT, 2)
    )
    assert Path("liked/gray-g1.png").read_bytes() == Path("art/gray/g1.png").read_bytes()
    assert Condition.load("liked.condition.json").attribute_names


def test_scores_of_a_folder(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no votes yet" in output_of(capsys, "score", TASTE, "art", code=2)
    for name in sorted(Path("art").rglob("*.png")):
        if name.name != "broken.png":
            result_of(capsys, "rate", TASTE, str(name), "5" if "gray" in str(name) else "2")
    Path("color").mkdir()
    for path in Path("art").glob("c*.png"):
        shutil.copy(path, "color")
    gray, color = (result_of(capsys, "score", TASTE, folder) for folder in ("art/gray", "color"))
    assert gray["mean_rank"] > color["mean_rank"] + 0.3
    assert len(gray["rows"]) == COUNT // 2


def test_votes_and_revocation(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no votes yet" in output_of(capsys, "votes", TASTE)
    before = Path(TASTE).read_text()
    assert result_of(capsys, "pick", TASTE, "3")["vote"] == 1
    assert result_of(capsys, "star", TASTE, "4")["vote"] == 2
    assert result_of(capsys, "rate", TASTE, "art/c0.png", "1")["vote"] == 3
    rows = result_of(capsys, "votes", TASTE)["rows"]
    assert [row["vote"] for row in rows] == [1, 2, 3]
    assert "Vote 2 is revoked: a star for" in output_of(capsys, "revoke", TASTE, "2")
    assert "vote 2 is revoked already" in output_of(capsys, "revoke", TASTE, "2", code=2)
    assert "the votes are 1 to 3" in output_of(capsys, "revoke", TASTE, "4", code=2)
    rows = result_of(capsys, "votes", TASTE)["rows"]
    assert [row["state"] for row in rows] == ["counts", "revoked", "counts"]
    result_of(capsys, "export", TASTE, "--revision", "1", "-o", "early.preferences.json")
    assert Path("early.preferences.json").read_text() == before


def test_a_moved_folder(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("art").rename("moved")
    assert "--pictures" in output_of(capsys, "next", TASTE, code=3)
    result_of(capsys, "next", TASTE, "--pictures", "moved", "--height", "64")
    result_of(capsys, "pick", TASTE, "1")
    assert json.loads(Path(TASTE).read_text())["source"] == {"folder": "moved"}


def test_all_shown(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result_of(capsys, "next", TASTE, "--height", "64")
    assert len(result_of(capsys, "next", TASTE, "--height", "64")["items"]) == COUNT - 18
    assert "All candidates have been shown" in output_of(capsys, "next", TASTE, code=2)
    assert not Path("taste-4.jpg").exists()


@pytest.mark.parametrize(("code", "args", "expected"), [
    (2, ["pick", TASTE, "10"], "Picture 10 does not exist on sheet 1"),
    (2, ["pick", TASTE, "three"], "must be the number of a picture"),
    (2, ["pick", TASTE, "1,2,3,4,5,6,7,8,9"], "not all"),
    (2, ["pick", TASTE, "1", "--of", "7"], "Sheet 7 does not exist"),
    (2, ["rate", TASTE, "1", "6"], "1 to 5"),
    (2, ["rate", TASTE, "nowhere.png", "3"], "is not a picture in"),
    (2, ["star", TASTE, "art/broken.png"], "cannot be read"),
    (2, ["revoke", TASTE, "1"], "no vote 1"),
    (2, ["explain", "nowhere.preferences.json"], "nowhere.preferences.json does not exist"),
    (2, ["explain", "art/c0.png"], "not a preferences file"),
    (2, ["export", TASTE], "Say what to export"),
    (2, ["export", TASTE, "--liked", "liked"], "You like nothing yet"),
    (2, ["export", TASTE, "--save-condition", "liked.condition.json"], "too little is known"),
    (2, ["export", TASTE, "-o", "copy.preferences.json", "--revision", "9"], "no revision 9"),
    (4, ["export", TASTE, "-o", TASTE, "--overwrite"], "never overwritten"),
    (4, ["export", TASTE, "--liked", "art"], "not empty"),
    (4, ["start", TASTE, "art"], "already exists"),
    (4, ["start", "taste.txt", "art"], r".json"),
    (2, ["start", "new.preferences.json"], "Give the pictures to choose from"),
    (2, ["start", "new.preferences.json", "art", "--model", "kaokore"], "Give the pictures to choose from"),
    (3, ["start", "new.preferences.json", "nowhere"], "nowhere"),
    (4, ["next", TASTE, "-o", "taste-1.jpg"], "already exists"),
])  # fmt: skip
def test_errors_write_nothing(
    code: int, args: list[str], expected: str, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file()}
    message = output_of(capsys, *args, code=code)
    assert expected in message
    assert len([line for line in message.splitlines() if line.startswith("bottega: ")]) == 1
    assert {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file()} == before


def test_too_few_pictures(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("few").mkdir()
    shutil.copy("art/c0.png", "few")
    assert "there are only 1" in output_of(capsys, "start", "new.preferences.json", "few", code=2)
    assert not Path("new.preferences.json").exists()


def test_pick_twice_from_one_sheet(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result_of(capsys, "pick", TASTE, "1")
    assert f"revoke {TASTE} 1" in output_of(capsys, "pick", TASTE, "2", code=2)
    result_of(capsys, "revoke", TASTE, "1")
    result_of(capsys, "pick", TASTE, "2")


def test_pictures_of_a_generator(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    from bottega import generation

    torch.manual_seed(0)
    generation.save(generation.DCGAN(32, 8), "net.safetensors")
    result = result_of(
        capsys,
        "start",
        "drafts.preferences.json",
        "--model",
        "net.safetensors",
        "--count",
        "12",
        "--seed",
        "5",
        "--height",
        "64",
    )
    assert result["candidates"] == 12
    result_of(capsys, "pick", "drafts.preferences.json", "1")
    result_of(capsys, "export", "drafts.preferences.json", "--liked", "liked", "--predicted", "2")
    seed = int(last_sheet("drafts.preferences.json")[0].partition("#")[0])
    assert Path(f"liked/generated-{seed}.png").exists()
    assert len(list(Path("liked").iterdir())) == 3
    assert "give the number" in output_of(capsys, "rate", "drafts.preferences.json", "x.png", "3", code=2)


def test_each_kind_of_file_leads_to_the_other(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Condition(lightness=0.3).save("dark.condition.json")
    message = output_of(capsys, "explain", "dark.condition.json", code=2)
    assert "bottega choose start dark.preferences.json FOLDER" in message
    for command in (
        ["adjust", "china", "--condition", TASTE],
        ["generate", "--condition", TASTE],
        ["evaluate", "art", "--against", "art", "--condition", TASTE],
        ["analyze", TASTE],
    ):
        capsys.readouterr()
        assert main(command) == 2
        message = capsys.readouterr().err
        assert f"bottega choose export {TASTE} --save-condition taste.condition.json" in message
    assert not list(Path().glob("*.png"))


def test_each_pick_says_what_is_known_and_how_many_more_are_needed(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = result_of(capsys, "pick", TASTE, "3")
    assert "more pick" in result["summary"]
    assert 1 <= result["more_picks"] <= 24
    assert "more pick" in output_of(capsys, "explain", TASTE)
    for name in sorted(Path("art").rglob("*.png")):
        if name.name != "broken.png":
            last = result_of(capsys, "rate", TASTE, str(name), "5" if "gray" in str(name) else "1")
    assert "So far you prefer" in last["summary"]
    assert last["more_picks"] == 0


def test_export_writes_what_it_can(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result_of(capsys, "pick", TASTE, "3")
    command = ("export", TASTE, "--liked", "liked", "--save-condition", "mine.condition.json")
    summary = result_of(capsys, *command)["summary"]
    assert "mine.condition.json is not written: too little is known" in summary
    assert "more pick" in summary
    assert len(list(Path("liked").iterdir())) == 1
    assert not Path("mine.condition.json").exists()
