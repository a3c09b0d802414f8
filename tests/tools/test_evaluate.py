"""The tool ``evaluate`` and :func:`bottega.evaluation`: files, settings, rating forms and their results."""

import json

import numpy as np
import pytest
import torch

import bottega
from bottega import pictures
from bottega.errors import OutputError, PictureError, SettingsError
from bottega.personalize import ATTRIBUTES, Condition, analyze_condition
from bottega.pictures import load
from bottega.tools.registry import TOOLS

TOOL = TOOLS["evaluate"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("evaluate")
    for offset, kind in ((0, "real"), (50, "made")):
        (root / kind).mkdir()
        for number in range(8):
            generator = torch.Generator().manual_seed(offset + number)
            coarse = torch.rand(1, 3, 6, 6, generator=generator)
            pictures.save(
                torch.nn.functional.interpolate(coarse, size=(40, 40)), root / kind / f"{kind}-{number}.png"
            )
    return root


def run(folders, **more):
    values = {"results": folders / "made", "against": folders / "real", "extractor": ["random@32"], **more}
    return TOOL.run(TOOL.configure(values))


def test_page_and_values(folders, tmp_path):
    result = run(folders, report=tmp_path / "out.html", palette=["#203040,#e0c080:2"])
    assert result.files == (tmp_path / "out.html", tmp_path / "out.json")
    values = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert values == result.details
    assert "cannot tell whether the pictures are good" in result.summary
    assert values["palette"] == pytest.approx({"#203040": 1 / 3, "#e0c080": 2 / 3})
    assert {row["metric"] for row in result.rows} >= {
        "fid[random@32]",
        "kid[random@32]",
        "edge width (pixels)",
    }
    assert (tmp_path / "out.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(OutputError, match="--overwrite"):
        run(folders, report=tmp_path / "out.html")


def test_match_with_a_condition(folders, tmp_path):
    """Compared with an independent computation, also for the reference."""
    condition = Condition(lightness=0.9, warmth=0.0).save(tmp_path / "mine.condition.json")
    result = run(folders, report=tmp_path / "out.html", condition=condition)
    rows = {row["metric"]: row for row in result.rows}
    for side, folder in (("results", "made"), ("reference", "real")):
        measured = [
            analyze_condition(load(file).pixels) for file in sorted((folders / folder).rglob("*.png"))
        ]
        matches = [1 - min(1, abs(0.9 - each.lightness) / ATTRIBUTES["lightness"].scale) for each in measured]
        assert rows["personalization match: lightness"][side] == pytest.approx(np.mean(matches), abs=1e-3)
    assert rows["personalization match"]["low"] <= rows["personalization match"]["results"]
    assert "Condition</h2>" in (tmp_path / "out.html").read_text(encoding="utf-8")
    with pytest.raises(SettingsError, match=r"none\.json"):
        run(folders, report=tmp_path / "other.html", condition=tmp_path / "none.json")


def test_rating_form_and_ratings(folders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    form = tmp_path / "form.html"
    assert run(folders, form=form).files == (form,)
    page = form.read_text(encoding="utf-8")
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert len(data["items"]) == 16
    scores = [
        {"group": item["group"], "file": item["file"], "question": "sharpness", "score": 8}
        for item in data["items"]
    ]
    answers = tmp_path / "ada.json"
    answers.write_text(json.dumps({"format": data["format"], "rater": "Ada", "ratings": scores}))
    result = run(folders, ratings=[answers])
    assert result.files[0].name == "made-report.html"
    assert result.details["ratings"]["means"]["results"]["sharpness"] == [8, 8, 8]
    assert "Rated by people" in result.files[0].read_text(encoding="utf-8")


def test_errors_come_before_the_work(folders, tmp_path):
    with pytest.raises(OutputError, match=r"must end in \.html"):
        run(folders, report=tmp_path / "out.pdf")
    with pytest.raises(OutputError, match="does not exist"):
        run(folders, report=tmp_path / "none" / "out.html")
    with pytest.raises(PictureError, match="not a folder"):
        run(folders, results=tmp_path / "none", report=tmp_path / "a.html")
    with pytest.raises(SettingsError, match="reddish"):
        run(folders, palette=["reddish"], report=tmp_path / "b.html")
    with pytest.raises(SettingsError, match="give only one"):
        run(folders, form=tmp_path / "form.html", ratings=[tmp_path / "ada.json"])
    with pytest.raises(SettingsError, match="cannot be read as ratings"):
        run(folders, report=tmp_path / "c.html", ratings=[tmp_path / "none.json"])
    assert list(tmp_path.iterdir()) == []


def test_evaluate_from_python(folders, tmp_path):
    result = bottega.evaluate(folders / "made", folders / "real", extractor=["random@32"])
    assert result.save(tmp_path / "out.html") == (tmp_path / "out.html", tmp_path / "out.json")
    assert result.rows == run(folders, report=tmp_path / "tool.html").rows
    assert result._repr_html_().startswith("<!doctype html>")
    with pytest.raises(OutputError, match=r"must end in \.html"):
        result.save(tmp_path / "out.pdf")
