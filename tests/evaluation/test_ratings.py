"""The rating form, its answers, and the agreement of raters."""

import csv
import json
import re

import numpy as np
import pytest
import torch

from bottega import pictures
from bottega.errors import SettingsError
from bottega.evaluation.ratings import (
    QUESTIONS,
    Rating,
    krippendorff_alpha,
    rating_form,
    rating_section,
    read_ratings,
    summarize_ratings,
)

NAN = float("nan")
# Krippendorff 2011, section E: four observers, twelve units.
EXAMPLE = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]


def test_alpha_of_the_published_example():
    assert krippendorff_alpha(EXAMPLE) == pytest.approx(0.849, abs=5e-4)


def test_alpha_is_one_minus_observed_over_expected_disagreement():
    scores = np.random.default_rng(0).integers(1, 11, size=(3, 8)).astype(float)
    within = np.mean(
        [(scores[i, u] - scores[j, u]) ** 2 for u in range(8) for i in range(3) for j in range(3) if i != j]
    )
    every = scores.ravel()
    overall = np.mean([(every[i] - every[j]) ** 2 for i in range(24) for j in range(24) if i != j])
    assert krippendorff_alpha(scores) == pytest.approx(1 - within / overall)


def test_alpha_at_its_ends():
    assert krippendorff_alpha([[1, 5, 9], [1, 5, 9]]) == 1
    assert krippendorff_alpha([[1, 9], [9, 1]]) < 0
    assert np.isnan(krippendorff_alpha([[3, 3], [3, 3]]))
    assert np.isnan(krippendorff_alpha([[1, 2, 3]]))
    with pytest.raises(SettingsError, match="table"):
        krippendorff_alpha([1, 2])


@pytest.fixture
def groups(tmp_path):
    ratings = {}
    for name, count in (("results", 4), ("reference", 3)):
        ratings[name] = [
            pictures.save(torch.rand(1, 3, 20, 24), tmp_path / f"{name[:3]}-{number}.png")
            for number in range(count)
        ]
    return ratings


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])


def test_form_contains_all_pictures_and_questions(groups):
    page = rating_form(groups, title="<Rate>")
    data = data_of(page)
    assert list(data["questions"]) == list(QUESTIONS)
    assert sorted(item["file"] for item in data["items"]) == sorted(
        f.name for g in groups.values() for f in g
    )
    assert all(item["picture"].startswith("data:image/jpeg;base64,") for item in data["items"])
    assert "&lt;Rate&gt;" in page
    assert "http" not in page
    assert len({item["id"] for item in data["items"]}) == 7


def test_order_is_random_and_pictures_are_limited(groups):
    one = [item["file"] for item in data_of(rating_form(groups, max_pictures=2))["items"]]
    other = [item["file"] for item in data_of(rating_form(groups, max_pictures=2, seed=3))["items"]]
    assert len(one) == len(other) == 4
    assert one != other
    assert one == [item["file"] for item in data_of(rating_form(groups, max_pictures=2))["items"]]


def test_questions_are_escaped(groups):
    page = rating_form(groups, questions={"x": "</script><b>"})
    assert data_of(page)["questions"]["x"] == "</script><b>"
    assert page.count("</script>") == 2


def test_forms_need_pictures(groups):
    with pytest.raises(SettingsError, match="every group"):
        rating_form({**groups, "others": []})


def answers(path, rater, scores):
    rows = [
        {"group": group, "file": file, "question": question, "score": score}
        for (group, file, question), score in scores.items()
    ]
    path.write_text(json.dumps({"format": "bottega ratings 1", "rater": rater, "ratings": rows}))
    return path


def test_json_and_csv_are_read_alike(tmp_path):
    scores = {("results", "a, b.png", "sharpness"): 7, ("reference", 'c"d.png', "sharpness"): 9}
    ratings = read_ratings([answers(tmp_path / "a.json", "Ada", scores)])
    table = tmp_path / "a.csv"
    with table.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["rater", "group", "file", "question", "score"])
        writer.writerows(["Ada", *key, score] for key, score in scores.items())
    assert ratings == read_ratings([table])
    assert ratings[0] == Rating("Ada", "results", "a, b.png", "sharpness", 7)


def test_invalid_rating_files_are_refused(tmp_path):
    key = ("results", "a.png", "sharpness")
    good = answers(tmp_path / "good.json", "Ada", {key: 5})
    (tmp_path / "bad.json").write_text("[1, 2]")
    (tmp_path / "short.csv").write_text("rater,file\nAda,a.png\n")
    cases = {
        "not a ratings file": [tmp_path / "bad.json"],
        "has no group": [tmp_path / "short.csv"],
        "cannot be read": [tmp_path / "none.json"],
        "scores go from 1 to 10": [answers(tmp_path / "high.json", "Ada", {key: 11})],
        "half.json": [answers(tmp_path / "half.json", "Ada", {key: 5.5})],
        "before": [good, good],
        "no ratings in": [],
    }
    for match, files in cases.items():
        with pytest.raises(SettingsError, match=match):
            read_ratings(files)


def test_summary_resamples_the_answers_about_one_picture_together():
    rng = np.random.default_rng(1)
    worth = rng.integers(2, 10, 12)
    ratings = [
        Rating(f"rater {rater}", "results", f"{number}.png", "sharpness", int(worth[number]))
        for rater in range(5)
        for number in range(12)
    ]
    ratings += [Rating("rater 0", "reference", "r.png", "sharpness", 9)]
    summary = summarize_ratings(ratings)
    result = summary.means["results"]["sharpness"]
    assert result.estimate == pytest.approx(worth.mean())
    # Five who agree say no more about other pictures than one.
    assert result.high - result.low == pytest.approx(2 * 1.96 * worth.std() / 12**0.5, rel=0.2)
    assert summary.agreement["sharpness"] == pytest.approx(1)
    assert (summary.raters, summary.pictures) == (5, 13)
    row = rating_section(summary).rows[0]
    assert (row.name, row.reference) == ("sharpness (rated)", 9)
    assert json.dumps(summary.to_dict())
