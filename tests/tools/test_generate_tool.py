"""The tools ``generate`` and ``train gan``, from words to files."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
import torch
from PIL import Image
from torch import nn

from bottega import generate, pictures
from bottega.errors import MismatchError, OutputError, PictureError, SettingsError, WeightsError
from bottega.generate import FewShotGenerator
from bottega.personalize import Condition
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import ToolResult
from bottega.tools.generate.parsing import place_of, shares_of, values_of
from bottega.tools.registry import TOOLS


class Notes(ProgressReporter):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.done: list[float] = []

    def note(self, message: str) -> None:
        self.said.append(message)

    def progress(self, done: float, message: str = "", **more: Any) -> None:
        self.done.append(done)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    torch.manual_seed(0)
    generator = FewShotGenerator(
        32, latent=16, classes=("female-noble", "male-noble", "monk"), attributes=("light",), width=4
    ).requires_grad_(False)
    for layer in generator.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 1.0
    shares = torch.cat([torch.eye(3).repeat(8, 1), torch.rand(24, 1)], 1)
    generator.train()(torch.randn(24, 16), shares)
    file = tmp_path_factory.mktemp("model") / "small.safetensors"
    generate.save(generator, file)
    return str(file)


def draw(model: str, report: ProgressReporter | None = None, **values: Any) -> ToolResult:
    tool = TOOLS["generate"]
    return tool.run(tool.configure({"model": model, "threads": 1, **values}), report)


def test_pictures_in_a_folder(model: str, tmp_path: Path) -> None:
    notes = Notes()
    outcome = draw(model, notes, count=3, seed=5, like=["monk"], output=tmp_path / "drafts")
    assert [file.name for file in outcome.files] == ["5.png", "6.png", "7.png"]
    generator = generate.load(model)
    assert generator.attributes == ("light",)
    wanted = generate.sample(generator, 3, 5, "monk")
    shown = torch.cat([pictures.load(file).pixels for file in outcome.files])
    assert (shown - wanted).abs().max() <= 0.5 / 255 + 1e-6
    recipe = pictures.read_recipe(outcome.files[1])
    assert recipe is not None
    assert recipe["tool"] == "generate"
    assert recipe["draft"] == "6"
    assert recipe["settings"] == {"count": 3, "seed": 5, "like": ["monk"]}
    assert notes.done[-1] == 1.0
    with pytest.raises(OutputError, match=r"5.png already exists"):
        draw(model, count=3, seed=5, output=tmp_path / "drafts")
    draw(model, count=3, seed=5, output=tmp_path / "drafts", overwrite=True)


def verified(picture: Path, **values: Any) -> bool:
    """Whether ``remake --verify`` finds the same pixels."""
    tool = TOOLS["remake"]
    outcome = tool.run(tool.configure({"picture": picture, "verify": True, **values}))
    return bool(outcome.details["verified"])


def test_drafts_are_remade(model: str, tmp_path: Path) -> None:
    drafts = draw(model, count=20, seed=3, mix=9, truncation=0.8, like=["noble"], output=tmp_path / "drafts")
    assert verified(drafts.files[18])
    sheet = draw(model, count=3, sheet=True, quality=80, output=tmp_path / "sheet.jpg")
    assert verified(sheet.files[0])
    again = tmp_path / "again.png"
    tool = TOOLS["remake"]
    tool.run(tool.configure({"picture": drafts.files[0], "output": again}))
    assert pictures.read_recipe(again) == pictures.read_recipe(drafts.files[0]) | {"model": ANY}  # type: ignore[operator]
    altered = pictures.load(again).pixels.flip(-1)
    pictures.save(altered, again, recipe=pictures.read_recipe(again))
    with pytest.raises(MismatchError, match="differs from what its recipe makes"):
        verified(again)


def test_drafts_of_a_generator_that_is_gone(model: str, tmp_path: Path) -> None:
    lent = tmp_path / "lent.safetensors"
    lent.write_bytes(Path(model).read_bytes())
    file = draw(str(lent), count=1, output=tmp_path / "one.png").files[0]
    lent.unlink()
    with pytest.raises(PictureError, match=r"lent\.safetensors is neither at"):
        verified(file)
    assert verified(file, search=[Path(model).parent])


def test_one_picture_and_a_sheet(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert draw(model, count=1, seed=9).files == (Path("small-9.png"),)
    assert pictures.load("small-9.png").width == 32
    outcome = draw(model, count=5, sheet=True, output="all.png")
    assert pictures.load(outcome.files[0]).width > 3 * 128
    assert outcome.details["names"] == ("0", "1", "2", "3", "4")
    with pytest.raises(SettingsError, match="one file for 2 pictures; add --sheet"):
        draw(model, count=2, output="two.png")
    assert not Path("two.png").exists()


def test_mixing_and_the_way_between(model: str, tmp_path: Path) -> None:
    mixed = draw(model, count=2, seed=1, mix=7, output=tmp_path / "mixed")
    assert [file.name for file in mixed.files] == ["1-7.png", "2-8.png"]
    way = draw(model, count=3, seed=1, towards=4, output=tmp_path / "way")
    generator = generate.load(model)
    ends = torch.cat([generate.sample(generator, 1, seed) for seed in (1, 4)])
    shown = torch.cat([pictures.load(way.files[number]).pixels for number in (0, 2)])
    assert (shown - ends).abs().max() <= 0.5 / 255 + 1e-6
    with pytest.raises(SettingsError, match="2 pictures or more"):
        draw(model, count=1, towards=4, output=tmp_path / "one.png")


def test_a_walk_as_frames_and_as_animation(model: str, tmp_path: Path) -> None:
    outcome = draw(model, count=2, walk=0.4, frame_rate=10, output=tmp_path / "walk.gif")
    assert outcome.details["frames"] == 4
    with Image.open(tmp_path / "walk.gif") as animation:
        assert animation.n_frames == 4  # type: ignore[attr-defined]
        assert animation.info["duration"] == 100
    draw(model, count=2, walk=0.4, frame_rate=10, output=tmp_path / "frames")
    assert len(list((tmp_path / "frames").iterdir())) == 4
    with pytest.raises(SettingsError, match="A walk is a clip"):
        draw(model, walk=1, sheet=True)
    with pytest.raises(OutputError, match=r"written as a film"):
        draw(model, walk=1, output=tmp_path / "walk.jpg")


def test_a_walk_as_film(model: str, tmp_path: Path) -> None:
    pytest.importorskip("av")
    from bottega import video

    draw(model, count=2, walk=0.5, frame_rate=12, output=tmp_path / "walk.webm")
    assert len(list(video.open_clip(tmp_path / "walk.webm").frames())) == 6
    recipe = video.read_recipe(tmp_path / "walk.webm")
    assert recipe is not None
    assert recipe["tool"] == "generate"
    assert [file.name for file in tmp_path.iterdir()] == ["walk.webm"]


def test_starting_from_a_picture(model: str, tmp_path: Path) -> None:
    goal = tmp_path / "mine.png"
    pictures.save(generate.sample(generate.load(model), 1, 77), goal)
    outcome = draw(model, project=goal, project_steps=3, output=tmp_path / "found.png")
    assert pictures.load(outcome.files[0]).width == 32
    recipe = pictures.read_recipe(outcome.files[0])
    assert recipe is not None
    assert recipe["project"]["sha256"]
    goal.rename(tmp_path / "renamed.png")
    assert verified(outcome.files[0])
    with pytest.raises(PictureError, match=r"none.png"):
        draw(model, project=tmp_path / "none.png", output=tmp_path / "found2.png")


def test_bent_to_a_palette(model: str, tmp_path: Path) -> None:
    """Blue and white are asked for; blue it becomes."""
    plain = draw(model, count=1, seed=2, output=tmp_path / "plain.png")
    bent = draw(model, count=1, seed=2, palette="#102060,#f0f0ff", output=tmp_path / "bent.png")
    before, after = (pictures.load(outcome.files[0]).pixels for outcome in (plain, bent))
    assert (after[0, 2] - after[0, 0]).mean() > (before[0, 2] - before[0, 0]).mean() + 0.05
    recipe = pictures.read_recipe(bent.files[0])
    assert recipe is not None
    assert recipe["settings"]["palette"] == "#102060,#f0f0ff"
    assert len(recipe["wish"]["palette"]) == 2
    assert verified(bent.files[0])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"palette": "blue-ish"}, "palette cannot be wished for"),
        ({"subject": "left"}, '"left" is no place; write two numbers'),
        ({"subject": "0.5,1.5"}, "lies outside the picture"),
        ({"strength": 0.5}, "Nothing is wished for"),
        ({"like": ["warior"]}, 'no class "warior"; there are female-noble'),
        ({"like": ["monk:much"]}, '"much" in "monk:much" is no number'),
        ({"attribute": ["light"]}, '"light" gives no value'),
        ({"attribute": ["dark=0.5"]}, 'no attribute "dark"'),
        ({"mix": 1, "mix_level": 5}, "level of mixing is 5; its range is 1 to 3"),
    ],
)
def test_bad_words(model: str, tmp_path: Path, values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        draw(model, count=1, output=tmp_path / "x.png", **values)
    assert not list(tmp_path.iterdir())


def test_unknown_model(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="nobody"):
        draw("nobody", output=tmp_path / "x.png", count=1)
    with pytest.raises(WeightsError, match="not one of the generators"):
        draw("small", output=tmp_path / "x.png", count=1)


def test_words() -> None:
    classes = ("female-noble", "male-noble", "monk", "male")
    assert shares_of([], classes) is None
    assert shares_of(["monk", "noble:0.5"], classes) == {
        "monk": 1.0,
        "female-noble": 0.25,
        "male-noble": 0.25,
    }
    assert shares_of(["male"], classes) == {"male": 1.0}
    assert values_of(["light=0.25"]) == {"light": 0.25}
    assert place_of("0.3,0.6") == (0.3, 0.6)


def test_drafts_with_a_profile_as_wish_are_remade(model: str, tmp_path: Path) -> None:
    """Also with a strength, and from what the remaking wrote."""
    wish = Condition(lightness=0.7, palette="#203040,#e0c080").save(tmp_path / "wish.json")  # type: ignore[arg-type]
    drafts = draw(model, count=2, wish=wish, strength=0.5, output=tmp_path / "drafts")
    tool, again = TOOLS["remake"], tmp_path / "drafts" / "again.png"
    asked = {"picture": drafts.files[1], "verify": True, "output": again}
    assert tool.run(tool.configure(asked)).details["verified"]
    assert verified(again)


def test_a_wish_with_a_style_picture_is_remade(model: str, tmp_path: Path) -> None:
    """The style picture is found where it lies now, and refused when it is another one."""
    style = tmp_path / "style.png"
    pictures.save(torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)), style)
    wish = Condition(styles={str(style): 1.0}).save(tmp_path / "wish.json")
    file = draw(model, count=1, wish=wish, output=tmp_path / "one.png").files[0]
    moved = tmp_path / "moved"
    moved.mkdir()
    style.rename(moved / "style.png")
    with pytest.raises(PictureError, match=r"style\.png is neither at"):
        verified(file)
    assert verified(file, search=[moved])
    pictures.save(torch.zeros(1, 3, 64, 64), moved / "style.png")
    with pytest.raises(PictureError):
        verified(file, search=[moved])


def test_options_of_remake_that_drafts_have(model: str, tmp_path: Path) -> None:
    file = draw(model, count=1, output=tmp_path / "one.png").files[0]
    assert verified(file, device="cpu")
    with pytest.raises(SettingsError, match="was drawn by generate, which has no --engine"):
        verified(file, engine="torch")
