"""The tool ``generate``, its recipes, and :func:`bottega.generation`."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
import torch
from PIL import Image
from torch import nn

import bottega
from bottega import generation, pictures
from bottega.errors import MismatchError, OutputError, PictureError, SettingsError, WeightsError
from bottega.generation import FewShotGenerator
from bottega.personalize import Condition
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import ToolResult
from bottega.tools.generate.samples import parse_attributes, parse_classes
from bottega.tools.registry import TOOLS


class Notes(ProgressReporter):
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.done: list[float] = []

    def note(self, message: str) -> None:
        self.notes.append(message)

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
    generation.save(generator, file)
    return str(file)


def run(model: str, report: ProgressReporter | None = None, **values: Any) -> ToolResult:
    tool = TOOLS["generate"]
    return tool.run(tool.configure({"model": model, "threads": 1, **values}), report)


def test_pictures_in_a_folder(model: str, tmp_path: Path) -> None:
    reporter = Notes()
    result = run(model, reporter, count=3, seed=5, class_name=["monk"], output=tmp_path / "pictures")
    assert [file.name for file in result.files] == ["5.png", "6.png", "7.png"]
    generator = generation.load(model)
    assert generator.attributes == ("light",)
    expected = generation.sample(generator, 3, 5, "monk")
    written = torch.cat([pictures.load(file).pixels for file in result.files])
    assert (written - expected).abs().max() <= 0.5 / 255 + 1e-6
    recipe = pictures.read_recipe(result.files[1])
    assert recipe is not None
    assert recipe["tool"] == "generate"
    assert recipe["name"] == "6"
    assert recipe["settings"] == {"count": 3, "seed": 5, "class_name": ["monk"]}
    assert reporter.done[-1] == 1.0
    with pytest.raises(OutputError, match=r"5.png already exists"):
        run(model, count=3, seed=5, output=tmp_path / "pictures")
    run(model, count=3, seed=5, output=tmp_path / "pictures", overwrite=True)


def verified(picture: Path, **values: Any) -> bool:
    """Whether ``remake --verify`` finds the same pixels."""
    tool = TOOLS["remake"]
    result = tool.run(tool.configure({"picture": picture, "verify": True, **values}))
    return bool(result.details["verified"])


def test_remake(model: str, tmp_path: Path) -> None:
    results = run(
        model, count=20, seed=3, mix=9, truncation=0.8, class_name=["noble"], output=tmp_path / "pictures"
    )
    assert verified(results.files[18])
    sheet = run(model, count=3, sheet=tmp_path / "sheet.jpg", quality=80)
    assert verified(sheet.files[0])
    again = tmp_path / "again.png"
    tool = TOOLS["remake"]
    tool.run(tool.configure({"picture": results.files[0], "output": again}))
    assert pictures.read_recipe(again) == pictures.read_recipe(results.files[0]) | {"model": ANY}  # type: ignore[operator]
    altered = pictures.load(again).pixels.flip(-1)
    pictures.save(altered, again, recipe=pictures.read_recipe(again))
    with pytest.raises(MismatchError, match="differs from what its recipe makes"):
        verified(again)


def test_remake_with_a_missing_generator(model: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(Path(model).read_bytes())
    file = run(str(copy), count=1, output=tmp_path / "one.png").files[0]
    copy.unlink()
    with pytest.raises(PictureError, match=r"copy\.safetensors is neither at"):
        verified(file)
    assert verified(file, search=[Path(model).parent])


def test_one_picture_and_a_sheet(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(model, count=1, seed=9).files == (Path("small-9.png"),)
    assert pictures.load("small-9.png").width == 32
    result = run(model, count=5, sheet="all.png")
    assert pictures.load(result.files[0]).width > 3 * 128
    assert result.details["names"] == ("0", "1", "2", "3", "4")
    with pytest.raises(SettingsError, match="one file for 2 pictures; name a folder"):
        run(model, count=2, output="two.png")
    assert not Path("two.png").exists()


def test_style_mixing_and_interpolation(model: str, tmp_path: Path) -> None:
    mixed = run(model, count=2, seed=1, mix=7, output=tmp_path / "mixed")
    assert [file.name for file in mixed.files] == ["1-7.png", "2-8.png"]
    interpolation = run(model, count=3, seed=1, towards=4, output=tmp_path / "way")
    generator = generation.load(model)
    ends = torch.cat([generation.sample(generator, 1, seed) for seed in (1, 4)])
    written = torch.cat([pictures.load(interpolation.files[number]).pixels for number in (0, 2)])
    assert (written - ends).abs().max() <= 0.5 / 255 + 1e-6
    with pytest.raises(SettingsError, match="2 pictures or more"):
        run(model, count=1, towards=4, output=tmp_path / "one.png")


def test_walk_as_frames_and_as_animation(model: str, tmp_path: Path) -> None:
    result = run(model, count=2, walk=0.4, frame_rate=10, output=tmp_path / "walk.gif")
    assert result.details["frames"] == 4
    with Image.open(tmp_path / "walk.gif") as animation:
        assert animation.n_frames == 4  # type: ignore[attr-defined]
        assert animation.info["duration"] == 100
    run(model, count=2, walk=0.4, frame_rate=10, output=tmp_path / "frames")
    assert len(list((tmp_path / "frames").iterdir())) == 4
    with pytest.raises(SettingsError, match="--sheet or --walk"):
        run(model, walk=1, sheet="all.png")
    with pytest.raises(OutputError, match=r"written as a video"):
        run(model, walk=1, output=tmp_path / "walk.jpg")


def test_walk_as_video(model: str, tmp_path: Path) -> None:
    pytest.importorskip("av")
    from bottega import video

    run(model, count=2, walk=0.5, frame_rate=12, output=tmp_path / "walk.webm")
    assert len(list(video.open_clip(tmp_path / "walk.webm").frames())) == 6
    recipe = video.read_recipe(tmp_path / "walk.webm")
    assert recipe is not None
    assert recipe["tool"] == "generate"
    assert [file.name for file in tmp_path.iterdir()] == ["walk.webm"]


def test_project_a_picture(model: str, tmp_path: Path) -> None:
    target = tmp_path / "mine.png"
    pictures.save(generation.sample(generation.load(model), 1, 77), target)
    result = run(model, project=target, project_steps=3, output=tmp_path / "projected.png")
    assert pictures.load(result.files[0]).width == 32
    recipe = pictures.read_recipe(result.files[0])
    assert recipe is not None
    assert recipe["project"]["sha256"]
    target.rename(tmp_path / "renamed.png")
    assert verified(result.files[0])
    with pytest.raises(PictureError, match=r"none.png"):
        run(model, project=tmp_path / "none.png", output=tmp_path / "projected2.png")


def test_palette(model: str, tmp_path: Path) -> None:
    """Blue and white are requested; the picture turns blue."""
    plain = run(model, count=1, seed=2, output=tmp_path / "plain.png")
    adjusted = run(model, count=1, seed=2, palette="#102060,#f0f0ff", output=tmp_path / "adjusted.png")
    before, after = (pictures.load(result.files[0]).pixels for result in (plain, adjusted))
    assert (after[0, 2] - after[0, 0]).mean() > (before[0, 2] - before[0, 0]).mean() + 0.05
    recipe = pictures.read_recipe(adjusted.files[0])
    assert recipe is not None
    assert recipe["settings"]["palette"] == "#102060,#f0f0ff"
    assert len(recipe["condition"]["palette"]) == 2
    assert verified(adjusted.files[0])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"palette": "blue-ish"}, "The palette is invalid"),
        ({"subject": "left"}, '"left" must be two numbers'),
        ({"subject": "0.5,1.5"}, "both numbers must be 0 to 1"),
        ({"strength": 0.5}, "--strength needs"),
        ({"class_name": ["warior"]}, 'Unknown class "warior"; use female-noble'),
        ({"class_name": ["monk:much"]}, '"much" in "monk:much" must be a number'),
        ({"attribute": ["light"]}, '--attribute "light" needs a value'),
        ({"attribute": ["dark=0.5"]}, 'Unknown attribute "dark"'),
        ({"mix": 1, "mix_level": 5}, "level of mixing is 5; its range is 1 to 3"),
    ],
)
def test_invalid_settings(model: str, tmp_path: Path, values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        run(model, count=1, output=tmp_path / "x.png", **values)
    assert not list(tmp_path.iterdir())


def test_unknown_model(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="nobody"):
        run("nobody", output=tmp_path / "x.png", count=1)
    with pytest.raises(WeightsError, match="not one of the generators"):
        run("small", output=tmp_path / "x.png", count=1)


def test_parse_classes_and_attributes() -> None:
    classes = ("female-noble", "male-noble", "monk", "male")
    assert parse_classes([], classes) is None
    assert parse_classes(["monk", "noble:0.5"], classes) == {
        "monk": 1.0,
        "female-noble": 0.25,
        "male-noble": 0.25,
    }
    assert parse_classes(["male"], classes) == {"male": 1.0}
    assert parse_attributes(["light=0.25"]) == {"light": 0.25}


def test_remake_with_a_condition(model: str, tmp_path: Path) -> None:
    """Also with a strength, and from the remade file."""
    condition = Condition(lightness=0.7, palette="#203040,#e0c080").save(tmp_path / "mine.condition.json")  # type: ignore[arg-type]
    results = run(model, count=2, condition=condition, strength=0.5, output=tmp_path / "pictures")
    tool, again = TOOLS["remake"], tmp_path / "pictures" / "again.png"
    values = {"picture": results.files[1], "verify": True, "output": again}
    assert tool.run(tool.configure(values)).details["verified"]
    assert verified(again)


def test_remake_with_a_style_picture(model: str, tmp_path: Path) -> None:
    """The style picture may move, but must not change."""
    style = tmp_path / "style.png"
    pictures.save(torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)), style)
    condition = Condition(styles={str(style): 1.0}).save(tmp_path / "mine.condition.json")
    file = run(model, count=1, condition=condition, output=tmp_path / "one.png").files[0]
    moved = tmp_path / "moved"
    moved.mkdir()
    style.rename(moved / "style.png")
    with pytest.raises(PictureError, match=r"style\.png is neither at"):
        verified(file)
    assert verified(file, search=[moved])
    pictures.save(torch.zeros(1, 3, 64, 64), moved / "style.png")
    with pytest.raises(PictureError):
        verified(file, search=[moved])


def test_options_of_remake(model: str, tmp_path: Path) -> None:
    file = run(model, count=1, output=tmp_path / "one.png").files[0]
    assert verified(file, device="cpu")
    with pytest.raises(SettingsError, match="--engine"):
        verified(file, engine="torch")


def test_generate_from_python(model: str, tmp_path: Path) -> None:
    results = bottega.generate(model, 2, seed=5, class_name=["monk"], threads=1)
    files = run(model, count=2, seed=5, class_name=["monk"], output=tmp_path / "pictures").files
    for result, file in zip(results, files, strict=True):
        saved = result.save(tmp_path / f"saved-{file.name}")
        assert pictures.load(saved).pixels.equal(pictures.load(file).pixels)
        assert verified(saved)
    assert [result.recipe["name"] for result in results] == ["5", "6"]
    assert results[0].array.shape == (32, 32, 3)
    assert results[0]._repr_png_().startswith(b"\x89PNG")
