"""The tools ``adjust`` and ``analyze``, and their Python functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import bottega
from bottega import pictures
from bottega.errors import BottegaError, MismatchError, OutputError, PictureError, SettingsError
from bottega.personalize import (
    ATTRIBUTES,
    AdjustmentNet,
    Condition,
    analyze_condition,
    embed_style,
    save_adjustment_net,
)
from bottega.tools.adjust.condition import NUMBERS, requested_condition
from bottega.tools.adjust.settings import AdjustSettings
from bottega.tools.common.tool import ToolResult
from bottega.tools.registry import TOOLS


def run(name: str, **settings: Any) -> ToolResult:
    tool = TOOLS[name]
    return tool.run(tool.configure(settings))


def request(**settings: Any) -> Condition:
    configured = TOOLS["adjust"].configure({"content": "photo.png", **settings})
    assert isinstance(configured, AdjustSettings)
    return requested_condition(configured)


def test_every_attribute_is_a_setting() -> None:
    assert set(ATTRIBUTES) <= set(AdjustSettings.model_fields)
    assert set(NUMBERS) == set(ATTRIBUTES) - {"palette", "subject", "stroke_direction"}


def test_requested_condition() -> None:
    condition = request(
        palette="#203040:3,#e0c080",
        lightness=0.4,
        subject="0.3,0.6",
        stroke_direction="170,0.4",
        style=["woodcut:2", "pastel"],
    )
    assert condition.attribute_names == ("palette", "lightness", "subject", "stroke_direction")
    assert condition.subject == (0.3, 0.6)
    assert condition.stroke_direction is not None
    assert (condition.stroke_direction.degrees, condition.stroke_direction.strength) == pytest.approx(
        (170, 0.4)
    )
    assert condition.styles == {"woodcut": 2.0, "pastel": 1.0}
    plain = request(stroke_direction="30").stroke_direction
    assert plain is not None
    assert plain.strength == 0.5


def test_single_attributes_override_like(bench: Path) -> None:
    own = analyze_condition(pictures.load(bench / "other.png").pixels)
    condition = request(like="other.png", lightness=0.9)
    assert condition.lightness == 0.9
    assert condition.contrast == own.contrast
    assert request(like="other.png", use=["palette", "warmth"]).attribute_names == ("palette", "warmth")
    own.save(bench / "mine.condition.json")
    assert request(condition="mine.condition.json") == own
    assert request(like=".", use=["lightness"]).attribute_names == ("lightness",)
    assert request(like="flower", use=["palette"]).attribute_names == ("palette",)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({}, SettingsError),
        ({"use": ["palette"]}, SettingsError),
        ({"palette": "bleu"}, SettingsError),
        ({"subject": "0.3"}, SettingsError),
        ({"subject": "0.3,1.6"}, SettingsError),
        ({"stroke_direction": "up"}, SettingsError),
        ({"style": ["woodcut:0"]}, SettingsError),
        ({"condition": "none.json"}, SettingsError),
        ({"like": "none.png"}, PictureError),
        ({"like": "other.png", "use": ["mood"]}, SettingsError),
    ],
)
def test_invalid_requests(bench: Path, settings: dict[str, Any], error: type[BottegaError]) -> None:
    with pytest.raises(error):
        request(**settings)


def test_adjust_a_picture(bench: Path) -> None:
    result = run(
        "adjust",
        content="photo.png",
        lightness=0.3,
        mask="mask.png",
        refine=1,
        save_condition="mine.condition.json",
    )
    adjusted, before = (pictures.load(name).pixels for name in ("photo-adjusted.png", "photo.png"))
    assert adjusted.shape == before.shape
    assert (adjusted[..., 20:] - before[..., 20:]).abs().max() < 2 / 255
    assert (adjusted[..., :20] - before[..., :20]).abs().mean() > 0.02
    assert [row["attribute"] for row in result.rows] == ["lightness"]
    assert result.rows[0]["match"] > 0.9
    assert Condition.load("mine.condition.json") == Condition(lightness=0.3)
    recipe = pictures.read_recipe(bench / "photo-adjusted.png")
    assert recipe is not None
    assert recipe["tool"] == "adjust"
    assert recipe["condition"] == {"lightness": 0.3}


def test_nothing_is_overwritten(bench: Path) -> None:
    with pytest.raises(OutputError, match="input"):
        run("adjust", content="photo.png", lightness=0.3, output="photo.png", overwrite=True)
    with pytest.raises(OutputError, match="exists"):
        run("adjust", content="photo.png", lightness=0.3, output="other.png")
    (bench / "mine.condition.json").write_text("{}")
    with pytest.raises(OutputError, match="exists"):
        run("adjust", content="photo.png", lightness=0.3, save_condition="mine.condition.json")
    with pytest.raises(OutputError, match="exists"):
        run("analyze", picture="photo.png", output="mine.condition.json")
    with pytest.raises(OutputError, match=r"\.json"):
        run("analyze", picture="photo.png", output="mine.txt")


def test_analyze_a_picture_and_a_folder(bench: Path) -> None:
    result = run("analyze", picture="photo.png", output="mine.condition.json")
    assert [row["attribute"] for row in result.rows] == list(ATTRIBUTES)
    assert Condition.load("mine.condition.json") == analyze_condition(pictures.load("photo.png").pixels)
    json.dumps(result.details)
    assert run("analyze", picture="mine.condition.json").rows == result.rows
    assert run("analyze", picture=".").rows
    with pytest.raises(SettingsError, match="--mask needs a single picture"):
        run("analyze", picture=".", mask="mask.png")


def test_mix_conditions(bench: Path) -> None:
    Condition(lightness=0.2, warmth=0.1).save("dark.condition.json")
    Condition(lightness=0.8).save("light.condition.json")
    run(
        "analyze", picture="dark.condition.json", mix=["light.condition.json:3"], output="both.condition.json"
    )
    both = Condition.load("both.condition.json")
    assert both.lightness == pytest.approx(0.65)
    assert both.warmth == pytest.approx(0.1)
    with pytest.raises(SettingsError, match="must be above 0"):
        run("analyze", picture="dark.condition.json", mix=["light.condition.json:0"])
    with pytest.raises(SettingsError, match=r'"much" in "light\.condition\.json:much" must be a number'):
        run("analyze", picture="dark.condition.json", mix=["light.condition.json:much"])


def test_analyze_the_style_of_a_folder(bench: Path) -> None:
    Path("two").mkdir()
    for index in range(2):
        picture = torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(index))
        pictures.save(picture, Path("two") / f"{index}.png")
    run("analyze", picture="two", with_style=True, output="style.condition.json")
    embedding = Condition.load("style.condition.json").embedding
    each = [embed_style(pictures.load(Path("two") / f"{n}.png").pixels) for n in range(2)]
    assert embedding is not None
    assert embedding.means == pytest.approx(
        [(a + b) / 2 for a, b in zip(each[0].means, each[1].means, strict=True)]
    )


def verified(picture: Path, **more: Any) -> bool:
    return bool(run("remake", picture=picture, verify=True, **more).details["verified"])


def test_remake_adjusted_pictures(bench: Path) -> None:
    torch.manual_seed(0)
    network = AdjustmentNet(8, 1)
    torch.nn.init.normal_(network.to_numbers.weight, 0, 0.01)
    save_adjustment_net(network, bench / "net.safetensors")
    run(
        "adjust",
        content="photo.png",
        palette="#203040,#e0c080",
        lightness=0.4,
        style=["other.png"],
        mask="mask.png",
        model="net.safetensors",
        refine=2,
        output="sub.jpg",
        quality=80,
    )
    assert verified(bench / "sub.jpg")
    again = run("remake", picture="sub.jpg", output="again.jpg").files[0]
    assert verified(again)
    run("adjust", content="flower", warmth=0.2, refine=1, output="warm.png")
    assert verified(bench / "warm.png")


def test_remake_with_changed_inputs(bench: Path) -> None:
    run("adjust", content="photo.png", lightness=0.4, refine=0, output="out.png")
    other = pictures.load(bench / "other.png")
    pictures.save(other, bench / "photo.png")
    with pytest.raises(MismatchError, match=r"photo.png has changed since the picture was made"):
        verified(bench / "out.png")
    recipe = pictures.read_recipe(bench / "out.png")
    assert recipe is not None
    pictures.save(other, bench / "bad.png", recipe={key: recipe[key] for key in ("tool", "content")})
    (bench / "photo.png").unlink()
    with pytest.raises(PictureError, match=r"photo.png is neither at"):
        verified(bench / "bad.png")


def test_adjust_from_python(bench: Path) -> None:
    result = bottega.adjust("photo.png", lightness=0.3, mask="mask.png", refine=1)
    run("adjust", content="photo.png", lightness=0.3, mask="mask.png", refine=1, output="out.png")
    assert pictures.load(result.save("saved.png")).pixels.equal(pictures.load("out.png").pixels)
    assert verified(bench / "saved.png")
    assert result.array.shape == (30, 40, 3)
    assert result.tensor.shape == (1, 3, 30, 40)
    assert result.image.size == (40, 30)
    assert result.recipe["condition"] == {"lightness": 0.3}
    assert result._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(OutputError, match="input"):
        result.save("photo.png")
    with pytest.raises(SettingsError, match="No attribute is requested"):
        bottega.adjust("photo.png")
    in_memory = bottega.adjust(pictures.load("photo.png"), lightness=0.3, mask="mask.png", refine=1)
    assert in_memory.tensor.equal(result.tensor)


def test_analyze_from_python(bench: Path) -> None:
    condition = bottega.analyze("photo.png", with_style=True)
    assert condition.attribute_names == tuple(ATTRIBUTES)
    assert condition.embedding is not None
    run("analyze", picture="photo.png", mask="mask.png", output="mine.condition.json")
    assert bottega.analyze("photo.png", mask="mask.png") == Condition.load("mine.condition.json")


def cut_out(hidden: float) -> pictures.Picture:
    """The left half of a photograph; what lies under the transparent right half is ``hidden``."""
    whole = pictures.fit(pictures.photograph("china"), 64)
    pixels, alpha = whole.pixels.clone(), torch.ones(1, 1, whole.height, whole.width)
    pixels[..., 32:], alpha[..., 32:] = hidden, 0
    return pictures.Picture(pixels, alpha)


def test_hidden_colors_decide_nothing() -> None:
    conditions = [bottega.analyze(cut_out(hidden), with_style=True) for hidden in (0.0, 1.0)]
    assert conditions[0] == conditions[1]
    alone = bottega.analyze(pictures.Picture(cut_out(0.0).pixels[..., :32].contiguous()))
    assert conditions[0].lightness == pytest.approx(alone.lightness, abs=0.03)
    assert conditions[0].saturation == pytest.approx(alone.saturation, abs=0.03)
    outputs = [
        bottega.adjust(cut_out(hidden), lightness=0.3, refine=2, subject="0.2,0.5").picture
        for hidden in (0.0, 1.0)
    ]
    assert torch.equal(outputs[0].pixels, outputs[1].pixels)
    assert torch.equal(outputs[0].alpha, cut_out(0.0).alpha)
    after = bottega.analyze(outputs[0])
    assert after.lightness == pytest.approx(0.3, abs=0.05)


def test_hidden_colors_of_a_model_decide_nothing(tmp_path: Path) -> None:
    requested = []
    for hidden in (0.0, 1.0):
        pictures.save(cut_out(hidden), tmp_path / "like.png")
        requested.append(request(like=tmp_path / "like.png"))
    assert requested[0] == requested[1]


def test_pictures_of_16_bits_stay_so(bench: Path) -> None:
    deep = pictures.fit(pictures.photograph("china"), 64)
    pictures.save(deep, "deep.png", bits=16)
    run("adjust", content="deep.png", lightness=0.4, refine=1, output="out.png")
    result = bottega.adjust("deep.png", lightness=0.4, refine=1)
    for path in (Path("out.png"), result.save("api.tiff")):
        picture = pictures.load(path)
        assert picture.bits == 16
        assert float((picture.pixels * 255 - (picture.pixels * 255).round()).abs().max()) > 0.1
    assert "same pixels" in run("remake", picture="out.png", verify=True).summary
    assert pictures.load(result.save("api.jpg")).bits == 8
    run("adjust", content="photo.png", lightness=0.4, refine=1, output="eight.png")
    assert pictures.load("eight.png").bits == 8


def test_sample_photographs_in_python() -> None:
    assert (
        bottega.analyze("china").lightness
        == run("analyze", picture="china").details["condition"]["lightness"]
    )
    assert bottega.adjust("flower", lightness=0.4, refine=0).image.size == (640, 427)
