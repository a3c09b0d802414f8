"""The report on sets with known differences; its page and its values."""

import json
import re
from html import escape

import numpy as np
import pytest
import torch

from bottega import pictures
from bottega.errors import PictureError, SettingsError
from bottega.evaluation import Interval, color_accuracy, edge_width
from bottega.evaluation.extractors import center_square
from bottega.evaluation.report import build_report
from bottega.evaluation.report.html import format_number, histogram_chart, interval_chart
from bottega.evaluation.report.measure_set import common_side, list_pictures
from bottega.layers import gaussian_blur
from bottega.layers.palette import parse_palette

COUNT = 10


def random_picture(seed, side=48):
    """A few soft blobs of color with a fine grain."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 5, 5, generator=generator)
    blobs = torch.nn.functional.interpolate(coarse, size=(side, side), mode="nearest")
    return (blobs + 0.05 * torch.randn(1, 3, side, side, generator=generator)).clamp(0, 1)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("sets")
    kinds = {
        "real": lambda n: random_picture(n),
        "other": lambda n: random_picture(100 + n),
        "blurred": lambda n: gaussian_blur(random_picture(100 + n), 2.0),
        "copies": lambda n: random_picture(n % 3),
    }
    for kind, paint in kinds.items():
        (root / kind / "inside").mkdir(parents=True)
        for n in range(COUNT):
            pictures.save(paint(n), root / kind / ("inside" if n % 2 else ".") / f"{kind}-{n}.png")
    return root


@pytest.fixture(scope="module")
def reports(folders):
    return {
        kind: build_report(folders / kind, folders / "real", extractors=["random@32"])
        for kind in ("other", "blurred", "copies")
    }


def row(report, name):
    return next(row for table in report.tables.values() for row in table if row.name == name)


def test_known_differences_show(reports):
    fresh, soft, copied = reports["other"], reports["blurred"], reports["copies"]
    width = "edge width (pixels)"
    assert row(soft, width).value.estimate > 1.5 * row(fresh, width).value.estimate
    assert row(soft, "sharpness (proxy)").value.estimate == 0
    assert row(fresh, "sharpness (proxy)").value.estimate >= 2  # ten pictures span a narrow range
    kid = "kid[random@32]"
    assert row(soft, kid).value.estimate > row(fresh, kid).value.estimate
    assert (
        row(soft, "texture at 48 pixels").value.estimate
        > 3 * row(fresh, "texture at 48 pixels").value.estimate
    )
    assert row(copied, "copies[random@32]").value.estimate == 1
    assert row(fresh, "copies[random@32]").value.estimate < 0.5
    assert row(copied, "novelty[random@32]").value.estimate == pytest.approx(0, abs=1e-3)
    assert "10 the same as another one" in copied.verdict  # each is there three times or more
    assert row(copied, "vendi[random@32]").value.estimate < row(fresh, "vendi[random@32]").value.estimate


def test_values_are_those_of_the_metrics(reports, folders):
    values = reports["other"].values
    first = values["pictures"][0]
    picture = pictures.load(first["file"]).pixels
    assert values["side"] == 48
    assert first["edge width"] == pytest.approx(edge_width(center_square(picture, 48)).item())
    target = parse_palette(
        [f"{color}:{share}" for color, share in values["palette"].items()], max_colors=None
    )
    assert first["color distance"] == pytest.approx(color_accuracy(picture, target), abs=0.5)
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert [row["copy"] for row in reports["copies"].values["pictures"]] == [True] * COUNT


def test_page_is_self_contained(reports):
    page = reports["other"].html
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "http" not in page
    assert page.count("data:image/jpeg;base64,") == 4
    assert "kid[random@32]" in page
    assert "too high" in page  # of a Fréchet distance of so few pictures
    for tag in ("table", "figure", "svg", "p", "h2"):
        assert len(re.findall(f"<{tag}[ >]", page)) == page.count(f"</{tag}>")


@pytest.fixture(scope="module")
def special(folders, tmp_path_factory):
    """Eight of the reference's own pictures under their names, a broken one, and a palette of one color."""
    folder = tmp_path_factory.mktemp("special")
    for n in range(8):
        pictures.save(random_picture(n), folder / f"real-{n}.png")
    (folder / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    progress = []
    result = build_report(
        folder,
        folders / "real",
        extractors=["random@32"],
        colors=["#ff0000"],
        on_progress=lambda done, every: progress.append((done, every)),
    )
    assert progress == [(n, 9 + COUNT) for n in range(1, 10 + COUNT)]
    return result


def test_pairs_of_one_name_are_compared(special):
    assert row(special, "SSIM").value.estimate == pytest.approx(1, abs=1e-6)
    assert row(special, "PSNR (dB)").value.estimate == 100
    assert row(special, "perceptual distance[small]").value.estimate == pytest.approx(0, abs=1e-6)
    assert "Pairs with the same file name" in special.html


def test_a_target_palette_counts(special):
    assert special.values["palette"] == {"#ff0000": 1.0}
    assert row(special, "color distance (ΔE₀₀)").value.estimate > 20
    assert "Target palette" in special.html


def test_broken_files_are_named_and_left_out(special):
    assert special.values["results"] == 8
    assert "torn.png" in next(iter(special.values["unreadable"]))
    assert "torn.png" in special.html
    assert "1 unreadable" in special.verdict


def test_invalid_sets_are_refused(folders, tmp_path):
    with pytest.raises(PictureError, match="is not a folder"):
        build_report(tmp_path / "none", folders / "real")
    with pytest.raises(PictureError, match="no picture"):
        build_report(tmp_path, folders / "real")
    pictures.save(random_picture(0), tmp_path / "one.png")
    with pytest.raises(PictureError, match="8 pictures or more"):
        build_report(tmp_path, folders / "real", extractors=["random@32"])
    with pytest.raises(SettingsError, match="each once"):
        build_report(folders / "other", folders / "real", extractors=["random", "random"])


def test_pictures_of_inner_folders_are_found_in_order(folders, tmp_path):
    result = list_pictures(folders / "real")
    assert len(result) == COUNT
    assert result == sorted(result)


def test_hidden_colors_are_measured_as_white(folders, tmp_path):
    alpha = torch.ones(1, 1, 48, 48)
    alpha[..., 24:] = 0
    for hidden in (0.0, 0.5):
        for n in range(8):
            pixels = torch.where(alpha > 0, random_picture(n), hidden)
            (tmp_path / str(hidden)).mkdir(exist_ok=True)
            pictures.save(pixels, tmp_path / str(hidden) / f"{n}.png", alpha=alpha)
    first, second = (
        build_report(tmp_path / str(hidden), folders / "real", extractors=["random@32"])
        for hidden in (0.0, 0.5)
    )
    assert first.tables == second.tables


def test_common_side_is_that_of_the_smaller_pictures(tmp_path):
    sides = {}
    for side in (40, 64):
        sides[side] = [pictures.save(random_picture(0, side), tmp_path / f"{side}.png")]
    assert common_side(sides[40], sides[64]) == 40
    (tmp_path / "torn.png").write_bytes(b"torn")
    assert common_side(sides[64], [tmp_path / "torn.png"]) == 64


def bad_pictures(kind, seed, side=48):
    """Pictures without content, in the colors of the pictures of the reference."""
    generator = torch.Generator().manual_seed(seed)
    good = random_picture(200 + seed, side)
    if kind == "flat":
        return good.mean((2, 3), keepdim=True).expand_as(good)
    if kind == "noise":
        return torch.rand(good.shape, generator=generator)
    if kind == "blurred":
        return gaussian_blur(good, 2.0)
    picture = good.mean((2, 3), keepdim=True).expand_as(good).clone()  # blots
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    for _ in range(6):
        row, column, radius = (torch.rand(3, generator=generator) * torch.tensor([side, side, 10.0])).tolist()
        inside = (rows - row) ** 2 + (columns - column) ** 2 < (radius + 2) ** 2
        picture[0, :, inside] = good[0, :, int(row), int(column)][:, None]
    return picture


@pytest.fixture(scope="module")
def large_reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    for n in range(40):
        pictures.save(random_picture(n), folder / f"{n:02d}.png")
    return folder


@pytest.mark.parametrize("kind", ["good", "blots", "noise", "flat", "blurred"])
def test_no_proxy_rewards_bad_pictures(large_reference, tmp_path, kind):
    for n in range(10):
        picture = random_picture(200 + n) if kind == "good" else bad_pictures(kind, n)
        pictures.save(picture, tmp_path / f"{n}.png")
    report = build_report(tmp_path, large_reference, extractors=["random@32"])
    scores = {row.name: row.value.estimate for row in report.tables["Proxies for human ratings"]}
    assert scores.keys() == {"sharpness (proxy)", "stylistic continuity (proxy)"}
    if kind == "good":
        assert min(scores.values()) >= 5
        assert report.verdict.startswith("No difference from the reference shows beyond chance.")
    else:
        assert scores["sharpness (proxy)"] <= 1
        assert scores["stylistic continuity (proxy)"] <= 3
        assert re.search("Only 1?0% are as sharp", report.verdict)
    assert ("10 flat" in report.verdict) == (kind == "flat")
    assert "cannot tell whether the pictures are good" in report.verdict
    assert escape(report.verdict) in report.html


def test_a_folder_against_itself_has_no_distance(folders):
    report = build_report(folders / "real", folders / "real", extractors=["random@32"])
    assert row(report, "fid[random@32]").value.high == pytest.approx(0, abs=1e-9)
    assert row(report, "kid[random@32]").value.estimate == pytest.approx(0, abs=1e-9)
    assert report.verdict.startswith("10 of 10 results are pictures of the reference itself")
    assert "10 of 10 results are pictures of the reference: copies, or the same folder" in report.html


def test_a_reference_in_which_pictures_stand_twice(folders, tmp_path):
    for n in range(COUNT):
        for copy in "ab":
            pictures.save(random_picture(n), tmp_path / f"{n}{copy}.png")
    report = build_report(folders / "copies", tmp_path, extractors=["random@32"])
    assert report.values["reference"] == COUNT
    assert row(report, "copies[random@32]").value.estimate == 1
    assert "10 pictures of the reference stand twice and count once" in report.html


def test_pictures_that_are_all_alike(folders, tmp_path):
    """As results they can be measured; as a reference they give no unit of distance."""
    for n in range(COUNT):
        pictures.save(random_picture(0), tmp_path / f"{n}.png")
    report = build_report(tmp_path, folders / "other", extractors=["random@32"])
    assert row(report, "diversity[random@32]").value.estimate == pytest.approx(0, abs=1e-6)
    assert row(report, "vendi[random@32]").value.estimate == pytest.approx(1)
    assert "10 the same as another one" in report.verdict
    with pytest.raises(PictureError, match=r"8 different pictures or more.*has 1"):
        build_report(folders / "other", tmp_path, extractors=["random@32"])


def test_a_reference_without_edges(folders, tmp_path):
    for n in range(COUNT):
        pictures.save(torch.full((1, 3, 48, 48), n / COUNT), tmp_path / f"{n}.png")
    report = build_report(folders / "other", tmp_path, extractors=["random@32"])
    assert row(report, "sharpness (proxy)").value.estimate == 0
    json.dumps(report.values, allow_nan=False)


def test_charts():
    rng = np.random.default_rng(0)
    chart = histogram_chart("a < b", rng.normal(size=40), np.append(rng.normal(size=30), np.nan))
    assert "a &lt; b" in chart
    assert "nan" not in chart
    assert histogram_chart("nothing", np.array([np.nan]), np.array([])) == ""
    assert "polygon" in histogram_chart("all one", np.ones(5), np.ones(5))
    line = interval_chart(Interval(0.5, 0.4, 0.6), 1.0, float("nan"))
    assert line.count("class=") == 3


@pytest.mark.parametrize(("value", "text"), [
    (0.0, "0"), (12.345, "12.3"), (1234.5, "1234"), (0.01234, "0.0123"), (-0.00046, "-0.0005"),
    (1e-5, "1.0e-05"), (float("nan"), "–"),
])  # fmt: skip
def test_numbers_have_three_digits(value, text):
    assert format_number(value) == text
