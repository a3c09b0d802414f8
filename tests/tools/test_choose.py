"""``bottega choose``: from a folder of pictures to words about what one likes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bottega.cli import main

COUNT = 20


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty soft pictures: half of them grey, in a folder of their own; and a broken one."""
    folder = tmp_path_factory.mktemp("art")
    (folder / "grey").mkdir()
    rng = np.random.default_rng(0)
    for number in range(COUNT):
        colours = rng.integers(0, 256, (5, 6, 3), np.uint8)
        image = Image.fromarray(colours).resize((64, 48), Image.Resampling.BICUBIC)
        name = f"grey/g{number}.png" if number % 2 else f"c{number}.png"
        (image.convert("L").convert("RGB") if number % 2 else image).save(folder / name)
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def desk(pictures: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the pictures in "art" and a profile taste.json begun."""
    import torch

    torch.set_num_threads(1)
    monkeypatch.setenv("BOTTEGA_CACHE", str(cache))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(pictures, "art")
    kept = cache / "start"
    if not kept.exists():
        assert main(["--quiet", "choose", "start", "taste.json", "art", "--height", "64"]) == 0
        kept.mkdir()
        for name in ("taste.json", "taste-1.jpg"):
            shutil.copy(name, kept)
    for name in ("taste.json", "taste-1.jpg"):
        shutil.copy(kept / name, name)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    """What a command says, on either stream."""
    capsys.readouterr()
    assert main(["choose", *words]) == code
    both = capsys.readouterr()
    return both.out + both.err


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    """The result for programs."""
    capsys.readouterr()
    assert main(["--json", "choose", *words]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def shown(profile: str = "taste.json") -> list[str]:
    content = json.loads(Path(profile).read_text())
    return [event for event in content["events"] if event["kind"] == "presentation"][-1]["items"]


def test_a_sheet_of_nine(desk: Path) -> None:
    sheet = Image.open("taste-1.jpg")
    assert sheet.width > 3 * 64
    assert sheet.height > 3 * 64
    assert len(set(shown())) == 9
    content = json.loads(Path("taste.json").read_text())
    assert content["bottega preferences"] == 1
    assert content["source"] == {"folder": "art"}


def test_from_picks_to_words(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever always picks grey ones favours muted colours."""
    for _ in range(2):
        grey = [str(place + 1) for place, name in enumerate(shown()) if "grey" in name]
        told(capsys, "pick", "taste.json", ",".join(grey))
        told(capsys, "next", "taste.json", "--height", "64")
    for name in sorted(Path("art").rglob("*.png")):
        if name.name != "broken.png":
            told(capsys, "rate", "taste.json", str(name), "5" if "grey" in str(name) else "2")
    result = told(capsys, "explain", "taste.json")
    assert "saturation" in result["known"] or "variety" in result["known"]
    rows = {row["trait"]: row for row in result["rows"]}
    assert "muted" in rows["saturation"]["you favour"]
    told(capsys, "export", "taste.json", "--liked", "liked", "--condition", "wish.json")
    assert sorted(path.name for path in Path("liked").iterdir()) == sorted(
        f"grey-g{number}.png" for number in range(1, COUNT, 2)
    )
    assert Path("liked/grey-g1.png").read_bytes() == Path("art/grey/g1.png").read_bytes()
    from bottega.personalize.condition import Condition

    assert Condition.load("wish.json").attribute_names


def test_scores_of_a_folder(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Nothing is known" in said(capsys, "score", "taste.json", "art", code=2)
    for name in sorted(Path("art").rglob("*.png")):
        if name.name != "broken.png":
            told(capsys, "rate", "taste.json", str(name), "5" if "grey" in str(name) else "2")
    Path("colour").mkdir()
    for path in Path("art").glob("c*.png"):
        shutil.copy(path, "colour")
    grey, colour = (told(capsys, "score", "taste.json", folder) for folder in ("art/grey", "colour"))
    assert grey["mean_place"] > colour["mean_place"] + 0.3
    assert len(grey["rows"]) == COUNT // 2


def test_votes_and_revocation(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no votes yet" in said(capsys, "votes", "taste.json")
    before = Path("taste.json").read_text()
    assert told(capsys, "pick", "taste.json", "3")["vote"] == 2
    assert told(capsys, "star", "taste.json", "4")["vote"] == 3
    assert told(capsys, "rate", "taste.json", "art/c0.png", "1")["vote"] == 4
    rows = told(capsys, "votes", "taste.json")["rows"]
    assert [row["vote"] for row in rows] == [2, 3, 4]
    assert "Vote 3 is revoked: a star for" in said(capsys, "revoke", "taste.json", "3")
    rows = told(capsys, "votes", "taste.json")["rows"]
    assert [row["state"] for row in rows] == ["counts", "no longer counts", "counts"]
    told(capsys, "export", "taste.json", "--revision", "1", "-o", "early.json")
    assert Path("early.json").read_text() == before


def test_a_moved_folder(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("art").rename("moved")
    assert "--pictures" in said(capsys, "next", "taste.json", code=3)
    told(capsys, "next", "taste.json", "--pictures", "moved", "--height", "64")
    told(capsys, "pick", "taste.json", "1")
    assert json.loads(Path("taste.json").read_text())["source"] == {"folder": "moved"}


def test_all_shown(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "next", "taste.json", "--height", "64")
    assert len(told(capsys, "next", "taste.json", "--height", "64")["shown"]) == COUNT - 18
    assert "All candidates have been shown" in said(capsys, "next", "taste.json", code=2)
    assert not Path("taste-4.jpg").exists()


@pytest.mark.parametrize(("code", "words", "says"), [
    (2, ["pick", "taste.json", "10"], "no picture 10 on sheet 1"),
    (2, ["pick", "taste.json", "three"], "names no pictures"),
    (2, ["pick", "taste.json", "1,2,3,4,5,6,7,8,9"], "not all"),
    (2, ["pick", "taste.json", "1", "--of", "7"], "no sheet 7"),
    (2, ["rate", "taste.json", "1", "6"], "1 to 5"),
    (2, ["rate", "taste.json", "nowhere.png", "3"], "no picture in"),
    (2, ["star", "taste.json", "art/broken.png"], "cannot be read"),
    (2, ["revoke", "taste.json", "1"], "no vote 1"),
    (2, ["explain", "nowhere.json"], "Cannot read the profile"),
    (2, ["explain", "art/c0.png"], "not a preference profile"),
    (2, ["export", "taste.json"], "Say what to export"),
    (2, ["export", "taste.json", "--liked", "liked"], "Nothing is liked yet"),
    (2, ["export", "taste.json", "--condition", "wish.json"], "Too little is known"),
    (2, ["export", "taste.json", "-o", "copy.json", "--revision", "9"], "no revision 9"),
    (4, ["export", "taste.json", "-o", "taste.json", "--overwrite"], "profile itself"),
    (4, ["export", "taste.json", "--liked", "art"], "not empty"),
    (4, ["start", "taste.json", "art"], "already exists"),
    (4, ["start", "taste.txt", "art"], r".json"),
    (2, ["start", "new.json"], "Say what there is"),
    (2, ["start", "new.json", "art", "--model", "kaokore"], "Say what there is"),
    (3, ["start", "new.json", "nowhere"], "no folder nowhere"),
    (4, ["next", "taste.json", "-o", "taste-1.jpg"], "already exists"),
])  # fmt: skip
def test_one_sentence_and_nothing_written(
    code: int, words: list[str], says: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in desk.rglob("*") if path.is_file()}
    sentence = said(capsys, *words, code=code)
    assert says in sentence
    assert len([line for line in sentence.splitlines() if line.startswith("bottega: ")]) == 1
    assert {path: path.read_bytes() for path in desk.rglob("*") if path.is_file()} == before


def test_too_few_pictures(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("few").mkdir()
    shutil.copy("art/c0.png", "few")
    assert "only 1 to choose from" in said(capsys, "start", "new.json", "few", code=2)
    assert not Path("new.json").exists()


def test_twice_from_one_sheet(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "pick", "taste.json", "1")
    assert "revoke taste.json 2" in said(capsys, "pick", "taste.json", "2", code=2)
    told(capsys, "revoke", "taste.json", "2")
    told(capsys, "pick", "taste.json", "2")


def test_drafts_of_a_generator(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    from bottega import generate

    torch.manual_seed(0)
    generate.save(generate.DCGAN(32, 8), "net.safetensors")
    result = told(
        capsys,
        "start",
        "drafts.json",
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
    told(capsys, "pick", "drafts.json", "1")
    told(capsys, "export", "drafts.json", "--liked", "kept", "--predicted", "2")
    seed = int(shown("drafts.json")[0].partition("#")[0])
    assert Path(f"kept/draft-{seed}.png").exists()
    assert len(list(Path("kept").iterdir())) == 3
    assert "named by their number" in said(capsys, "rate", "drafts.json", "x.png", "3", code=2)
