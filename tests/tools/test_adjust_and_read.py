"""The tools ``adjust`` and ``read``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

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
from bottega.tools.adjust.condition import NUMBERS, wished
from bottega.tools.adjust.settings import AdjustSettings
from bottega.tools.common.tool import ToolResult
from bottega.tools.registry import TOOLS


def run(name: str, **settings: Any) -> ToolResult:
    tool = TOOLS[name]
    return tool.run(tool.configure(settings))


def asked(**settings: Any) -> Condition:
    found = TOOLS["adjust"].configure({"content": "photo.png", **settings})
    assert isinstance(found, AdjustSettings)
    return wished(found)


def test_every_attribute_can_be_asked() -> None:
    assert set(ATTRIBUTES) <= set(AdjustSettings.model_fields)
    assert set(NUMBERS) == set(ATTRIBUTES) - {"palette", "subject", "stroke_direction"}


def test_words_become_a_condition() -> None:
    found = asked(
        palette="#203040:3,#e0c080",
        lightness=0.4,
        subject="0.3,0.6",
        stroke_direction="170,0.4",
        style=["woodcut:2", "pastel"],
    )
    assert found.attribute_names == ("palette", "lightness", "subject", "stroke_direction")
    assert found.subject == (0.3, 0.6)
    assert found.stroke_direction is not None
    assert (found.stroke_direction.degrees, found.stroke_direction.strength) == pytest.approx((170, 0.4))
    assert found.styles == {"woodcut": 2.0, "pastel": 1.0}
    plain = asked(stroke_direction="30").stroke_direction
    assert plain is not None
    assert plain.strength == 0.5


def test_like_is_overruled_by_what_is_said(bench: Path) -> None:
    own = analyze_condition(pictures.load(bench / "other.png").pixels)
    found = asked(like="other.png", lightness=0.9)
    assert found.lightness == 0.9
    assert found.contrast == own.contrast
    assert asked(like="other.png", take=["palette", "warmth"]).attribute_names == ("palette", "warmth")
    own.save(bench / "mine.json")
    assert asked(like="mine.json") == own
    assert asked(like=".", take=["lightness"]).attribute_names == ("lightness",)
    assert asked(like="flower", take=["palette"]).attribute_names == ("palette",)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({}, SettingsError),
        ({"take": ["palette"]}, SettingsError),
        ({"palette": "blue"}, SettingsError),
        ({"subject": "0.3"}, SettingsError),
        ({"subject": "0.3,1.6"}, SettingsError),
        ({"stroke_direction": "up"}, SettingsError),
        ({"style": ["woodcut:0"]}, SettingsError),
        ({"like": "none.json"}, SettingsError),
        ({"like": "none.png"}, PictureError),
        ({"like": "other.png", "take": ["mood"]}, SettingsError),
    ],
)
def test_wishes_that_are_none_are_told(
    bench: Path, settings: dict[str, Any], error: type[BottegaError]
) -> None:
    with pytest.raises(error):
        asked(**settings)


def test_a_picture_is_adjusted(bench: Path) -> None:
    outcome = run(
        "adjust", content="photo.png", lightness=0.3, mask="mask.png", refine=1, profile="mine.json"
    )
    made, before = (pictures.load(name).pixels for name in ("photo-adjusted.png", "photo.png"))
    assert made.shape == before.shape
    assert (made[..., 20:] - before[..., 20:]).abs().max() < 2 / 255
    assert (made[..., :20] - before[..., :20]).abs().mean() > 0.02
    assert [row["attribute"] for row in outcome.rows] == ["lightness"]
    assert outcome.rows[0]["match"] > 0.9
    assert Condition.load("mine.json") == Condition(lightness=0.3)
    recipe = pictures.read_recipe(bench / "photo-adjusted.png")
    assert recipe is not None
    assert recipe["tool"] == "adjust"
    assert recipe["condition"] == {"lightness": 0.3}


def test_nothing_is_overwritten(bench: Path) -> None:
    with pytest.raises(OutputError, match="input"):
        run("adjust", content="photo.png", lightness=0.3, output="photo.png", overwrite=True)
    with pytest.raises(OutputError, match="exists"):
        run("adjust", content="photo.png", lightness=0.3, output="other.png")
    (bench / "mine.json").write_text("{}")
    with pytest.raises(OutputError, match="exists"):
        run("adjust", content="photo.png", lightness=0.3, profile="mine.json")
    with pytest.raises(OutputError, match="exists"):
        run("analyze", picture="photo.png", profile="mine.json")
    with pytest.raises(OutputError, match=r"\.json"):
        run("analyze", picture="photo.png", profile="mine.txt")


def test_a_picture_and_a_folder_are_read(bench: Path) -> None:
    outcome = run("analyze", picture="photo.png", profile="mine.json")
    assert [row["attribute"] for row in outcome.rows] == list(ATTRIBUTES)
    assert Condition.load("mine.json") == analyze_condition(pictures.load("photo.png").pixels)
    json.dumps(outcome.details)
    assert run("analyze", picture="mine.json").rows == outcome.rows
    assert run("analyze", picture=".").rows
    with pytest.raises(SettingsError, match="--mask goes with a single picture"):
        run("analyze", picture=".", mask="mask.png")


def test_profiles_are_mixed(bench: Path) -> None:
    """By weight, and by what each asks for."""
    Condition(lightness=0.2, warmth=0.1).save("dark.json")
    Condition(lightness=0.8).save("light.json")
    run("analyze", picture="dark.json", mix=["light.json:3"], profile="both.json")
    both = Condition.load("both.json")
    assert both.lightness == pytest.approx(0.65)
    assert both.warmth == pytest.approx(0.1)
    with pytest.raises(SettingsError, match="must be above 0"):
        run("analyze", picture="dark.json", mix=["light.json:0"])
    with pytest.raises(SettingsError, match=r'"much" in "light\.json:much" is no weight'):
        run("analyze", picture="dark.json", mix=["light.json:much"])


def test_a_folder_is_read_for_its_style(bench: Path) -> None:
    Path("two").mkdir()
    for number in range(2):
        shown = torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(number))
        pictures.save(shown, Path("two") / f"{number}.png")
    run("analyze", picture="two", style=True, profile="style.json")
    found = Condition.load("style.json").embedding
    each = [embed_style(pictures.load(Path("two") / f"{n}.png").pixels) for n in range(2)]
    assert found is not None
    assert found.means == pytest.approx(
        [(a + b) / 2 for a, b in zip(each[0].means, each[1].means, strict=True)]
    )


def verified(picture: Path, **more: Any) -> bool:
    return bool(run("remake", picture=picture, verify=True, **more).details["verified"])


def test_adjusted_pictures_are_remade(bench: Path) -> None:
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


def test_adjusted_pictures_whose_inputs_changed(bench: Path) -> None:
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
