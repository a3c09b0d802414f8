"""The split: nothing held out is trained on, and names alone decide."""

import csv
from pathlib import Path

import pytest

from bottega.errors import SettingsError
from recipes import split

COLLECTION = Path(__file__).parents[3] / "shared" / "data"


def write_collection(root: Path, extra_masters: tuple[str, ...] = ()) -> Path:
    """A small collection with the folders and the index of the real one; the pictures are empty files."""
    paintings = {
        "caravaggio": "Caravaggio",
        "claude_monet": "Claude Monet",
        "chinese_ming": "",
        "chinese_song": "",
        "movements/cubism": "",
        "tarot_smith_1909": "Pamela Colman Smith",
    }
    rows = [
        (f"{folder}/{number:03}.jpg", artist) for folder, artist in paintings.items() for number in range(3)
    ]
    masters = ["Caravaggio", "Claude Monet", *(f"Painter {number}" for number in range(40)), *extra_masters]
    rows += [(f"masters/{number:03}.jpg", artist) for number, artist in enumerate(masters)]
    photographs = [f"{folder}/{n:04}.jpg" for folder in ("photos/open", "photos/imagenet") for n in range(80)]
    photographs += [f"camvid/images/{number:03}.png" for number in range(20)]
    faces = [f"kaokore/female-noble/{number}.jpg" for number in range(4)]
    for name in [f"paintings/{file}" for file, _ in rows] + photographs + faces:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    with (root / "paintings" / "index.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "artist"])
        writer.writerows(rows)
    return root


@pytest.fixture
def collection(tmp_path):
    return write_collection(tmp_path)


def test_training_and_held_out_share_nothing(collection):
    training = set(split.training_files(collection, clean=False))
    held_out = {path for path, _ in split.held_out_paintings(collection)}
    photographs = set(split.held_out_photographs(collection))
    assert min(len(training), len(held_out), len(photographs)) > 0
    assert not training & (held_out | photographs)
    assert training | held_out | photographs == {
        p for p in collection.rglob("*") if p.suffix in (".jpg", ".png")
    }


def test_held_out_artists_are_not_in_training(collection):
    artist_of = split.artists(collection)
    trained = {artist_of.get(path, "") for path in split.training_files(collection, clean=False)}
    held_out = {artist for _, artist in split.held_out_paintings(collection)}
    assert {"Caravaggio", "Chinese Ming"} <= held_out
    assert "Claude Monet" in trained
    assert not trained & held_out


def test_about_a_quarter_of_the_other_masters_is_held_out(collection):
    masters = {p for _, p in split.held_out_paintings(collection) if p.startswith("Painter")}
    assert masters == {f"Painter {n}" for n in range(40) if split.one_in(4, f"Painter {n}")}
    assert 4 <= len(masters) <= 18


def test_clean_training_leaves_out_unclear_licenses(collection):
    clean = {path.relative_to(collection).as_posix() for path in split.training_files(collection)}
    everything = {path.relative_to(collection).as_posix() for path in split.training_files(collection, False)}
    assert clean < everything
    assert not any("tarot" in name or "imagenet" in name or "camvid" in name for name in clean)
    assert any(name.startswith("kaokore") for name in clean)


def test_held_out_photographs_divide_by_license(collection):
    clean = split.held_out_photographs(collection, clean=True)
    rest = split.held_out_photographs(collection, clean=False)
    assert all("open" in path.parts for path in clean)
    assert all("imagenet" in path.parts for path in rest)
    assert sorted(clean + rest) == sorted(split.held_out_photographs(collection))
    assert 3 <= len(clean) <= 20


def test_a_new_picture_moves_no_other(collection, tmp_path_factory):
    larger = write_collection(tmp_path_factory.mktemp("larger"), extra_masters=("New Painter",))
    before = {path.relative_to(collection) for path, _ in split.held_out_paintings(collection)}
    after = {path.relative_to(larger) for path, _ in split.held_out_paintings(larger)}
    assert before <= after


def test_one_in_is_sha1_of_the_name():
    # By sha1sum: 18c2...25f0 and b21d...bf0b; the last digit decides modulo 4.
    assert split.one_in(4, "Paul Cezanne")
    assert not split.one_in(4, "Raphael")


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"index\.csv"):
        split.training_files(tmp_path)


@pytest.mark.shared
@pytest.mark.skipif(not COLLECTION.is_dir(), reason="the picture collection is not beside the repository")
def test_the_real_collection_is_split_as_documented():
    held_out = split.held_out_paintings(COLLECTION)
    assert len(held_out) == 541
    assert len({artist for _, artist in held_out}) == 28
    assert len(split.training_files(COLLECTION)) == 2363
    assert len(split.held_out_photographs(COLLECTION, clean=True)) == 14
