"""The encoder recipe on a tiny collection: trains, resumes, writes loadable weights."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError

from bottega import encoders, weights
from bottega.encoders import VGGEncoder
from bottega.errors import PictureError, SettingsError
from bottega.training import PictureSet, load_checkpoint, load_pictures
from recipes.encoder.__main__ import main, train
from recipes.encoder.config import EncoderRecipe
from recipes.encoder.export import averaged_encoder, calibration, export
from recipes.encoder.train import artist_labels, build_trainer, student_encoder
from recipes.split import training_files

EVERY_TASK = {"instance": 1, "two_view": 1, "style": 1, "place": 1, "artist": 1, "spoiled": 1, "cluster": 1}
TINY = EncoderRecipe(widths=(8, 8, 16, 16), batch=4, size=32, steps=6, **EVERY_TASK)


def paint(path, seed):
    """Soft colored noise under a gradient, 60 × 50."""
    generator = np.random.default_rng(seed)
    coarse = Image.fromarray(generator.integers(0, 256, (3 + seed % 9, 4 + seed % 7, 3), np.uint8))
    soft = np.asarray(coarse.resize((60, 50), Image.Resampling.BICUBIC), np.float32)
    slope = np.linspace(0.4, 1, 60, dtype=np.float32)[None, :, None]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((soft * slope).astype(np.uint8)).save(path)


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos") / "collection"  # the name must not be mistaken for the folder's
    rows = [(f"claude_monet/{number}.png", "Claude Monet") for number in range(5)]
    rows += [(f"masters/{number}.png", "Paul Klee") for number in range(2)]
    rows += [(f"caravaggio/{number}.png", "Caravaggio") for number in range(2)]
    names = [f"paintings/{file}" for file, _ in rows]
    names += [f"photos/open/{number}.png" for number in range(4)]
    names += ["photos/museum_objects/0.png", "kaokore/female/0.png", "kaokore/male/0.png"]
    for seed, name in enumerate(names):
        paint(root / name, seed)
    with (root / "paintings" / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "artist"), *rows])
    return root


def copy(collection, target, expected):
    """A collection of those training pictures that are expected."""
    files = [file.relative_to(collection) for file in training_files(collection)]
    files = [file for file in files if expected(collection / file)]
    paintings = [file for file in files if file.parts[0] == "paintings"]
    for file in files:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        (target / file).write_bytes((collection / file).read_bytes())
    lines = [
        "file,artist",
        *(f"{file.relative_to('paintings').as_posix()},Claude Monet" for file in paintings),
    ]
    (target / "paintings").mkdir(exist_ok=True)
    (target / "paintings" / "index.csv").write_text("\n".join(lines))
    return target


@pytest.fixture(autouse=True)
def single_thread_cpu(monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.setenv("BOTTEGA_DEVICE", "cpu")
    monkeypatch.setenv("BOTTEGA_PRECISION", "fp32")


@pytest.fixture(scope="module")
def trained(collection, tmp_path_factory):
    """A whole run, as from the command line."""
    run = tmp_path_factory.mktemp("runs") / "straight"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOTTEGA_DEVICE", "cpu")
        patch.setenv("BOTTEGA_PRECISION", "fp32")
        train(data=collection, run=run, recipe=TINY)
    return run


def test_run_folder_has_all_files(trained):
    assert {file.name for file in trained.iterdir()} == {
        "recipe.json",
        "last.pt",
        "metrics.jsonl",
        "encoder.safetensors",
    }
    assert EncoderRecipe.model_validate_json((trained / "recipe.json").read_text()) == TINY
    (line,) = map(json.loads, (trained / "metrics.jsonl").read_text().splitlines())
    assert line["step"] == 6
    assert np.isfinite(line["loss"])


def test_resumed_training_equals_uninterrupted(trained, collection, tmp_path):
    trainer, _, _ = build_trainer(TINY, collection, tmp_path)
    while trainer.global_step < 3:
        trainer.advance()
    trainer.save()
    second, _, pictures = build_trainer(TINY, collection, tmp_path)
    assert second.resume()
    assert second.global_step == 3
    second.train()
    export(TINY, pictures, second.checkpoint, tmp_path / "encoder.safetensors")
    whole = (trained / "encoder.safetensors").read_bytes()
    assert (tmp_path / "encoder.safetensors").read_bytes() == whole


def test_seed_changes_the_encoder(trained, collection, tmp_path):
    other = TINY.model_copy(update={"seed": 1})
    train(data=collection, run=tmp_path, recipe=other)
    assert (tmp_path / "encoder.safetensors").read_bytes() != (trained / "encoder.safetensors").read_bytes()


def test_the_result_has_channels_of_mean_one_in_half_precision(trained, collection):
    state, configuration = weights.load_file(trained / "encoder.safetensors")
    assert configuration["architecture"] == "small"
    assert configuration["widths"] == [8, 8, 16, 16]
    assert EncoderRecipe.model_validate(configuration["recipe"]) == TINY
    assert {tensor.dtype for tensor in state.values()} == {torch.float16}
    encoder = student_encoder(TINY).fold_batch_norm()
    encoder.load_features(state)
    pictures = calibration(load_pictures(training_files(collection)))
    averaged = averaged_encoder(TINY, trained / "last.pt").frozen()
    for name, features in encoder.frozen()(pictures, encoder.layers).items():
        raw = averaged(pictures, [name])[name].mean((0, 2, 3))
        firing = raw > 1e-2 * raw.mean()
        assert int(firing.sum()) >= len(firing) // 4
        assert torch.allclose(features.mean((0, 2, 3))[firing], torch.tensor(1.0), atol=0.05)


def test_the_export_sees_what_the_average_sees(trained):
    """Same directions of features: only positive factors per channel lie between."""
    encoder = student_encoder(TINY).fold_batch_norm()
    encoder.load_features(weights.load_file(trained / "encoder.safetensors")[0])
    averaged = averaged_encoder(TINY, trained / "last.pt")
    x = torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    for name in encoder.layers:
        one, other = (net.frozen()(x, [name])[name].flatten(2)[0] for net in (encoder, averaged))
        batches = other.amax(1) > 1e-2 * other.max()
        similarity = torch.nn.functional.cosine_similarity(one[batches], other[batches], dim=1)
        assert float(similarity.min()) > 0.999


def test_exported_encoder_loads_by_name(collection, tmp_path, monkeypatch):
    few = copy(collection, tmp_path / "few", lambda file: "photos/open/" in file.as_posix())
    recipe = EncoderRecipe(batch=2, size=32, steps=1)
    train(data=few, run=tmp_path / "run", recipe=recipe)
    state, configuration = weights.load_file(tmp_path / "run" / "encoder.safetensors")
    monkeypatch.setenv("BOTTEGA_HOME", str(tmp_path / "home"))
    metadata = {"kind": "encoder", "license": "MIT", "provenance": "a test"}
    weights.register("mine", state, configuration, architecture="small", **metadata)
    encoder = encoders.load_encoder("mine")
    assert isinstance(encoder, VGGEncoder)
    assert torch.equal(encoder.state_dict()["features.0.weight"], state["features.0.weight"].float())


def test_from_the_command_line_and_on_from_there(collection, tmp_path, capsys):
    words = ["--data", collection, "--run", tmp_path / "run", "--steps", 2, "--batch", 2, "--size", 32]
    words = [*map(str, words), "--widths", "4", "4", "4", "4"]
    assert main([*words, "--minutes", "0"]) == 0
    assert f"{len(training_files(collection))} pictures; starting at step 0" in capsys.readouterr().out
    assert (tmp_path / "run" / "encoder.safetensors").is_file()
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "resumed at step 0" in printed
    assert "step 2 of 2" in printed


def test_a_bad_folder_ends_in_one_sentence_and_leaves_nothing(tmp_path, capsys):
    assert main(["--data", str(tmp_path), "--run", str(tmp_path / "run")]) == 2
    printed = capsys.readouterr().err
    assert "is not the picture collection" in printed
    assert printed.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_going_on_with_other_settings_is_refused(trained, collection):
    before = (trained / "recipe.json").read_bytes()
    with pytest.raises(SettingsError, match=r"rate 0\.002, not 0\.1"):
        train(data=collection, run=trained, recipe=TINY.model_copy(update={"rate": 0.1}))
    assert (trained / "recipe.json").read_bytes() == before


def test_a_training_can_be_lengthened(collection, tmp_path):
    train(data=collection, run=tmp_path, recipe=TINY.model_copy(update={"steps": 2}))
    train(data=collection, run=tmp_path, recipe=TINY.model_copy(update={"steps": 4}))
    assert load_checkpoint(tmp_path / "last.pt")["step"] == 4


@pytest.mark.parametrize("tasks", [{"style": 1}, {"artist": 2, "style": 0}, {"style": 0}])
def test_recipes_that_leave_batches_without_a_task_are_refused(tasks):
    with pytest.raises(ValidationError, match="give instance, two_view, spoiled or cluster a weight above 0"):
        EncoderRecipe(instance=0, two_view=0, spoiled=0, **tasks)


@pytest.mark.parametrize("task", ["instance", "two_view", "spoiled", "cluster"])
def test_each_of_these_tasks_may_stand_alone(task, collection, tmp_path):
    alone = dict.fromkeys(EVERY_TASK, 0) | {task: 1}
    recipe = EncoderRecipe(widths=(4, 4, 4, 4), batch=2, size=32, steps=3, **alone)
    trainer, _, _ = build_trainer(recipe, collection, tmp_path)
    trainer.train()
    assert trainer.global_step == 3


@pytest.mark.parametrize(
    "bad", [{"batch": 1}, {"size": 8}, {"widths": (0, 1, 1, 1)}, {"color": 1}, {"rate": 0}]
)
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(ValidationError):
        EncoderRecipe(**bad)


def test_batch_larger_than_the_collection_is_rejected(collection, tmp_path):
    with pytest.raises(SettingsError, match="A batch needs 99 different pictures, but"):
        build_trainer(TINY.model_copy(update={"batch": 99}), collection, tmp_path)


def test_no_artist_to_name_is_refused(collection, tmp_path):
    few = copy(collection, tmp_path / "few", lambda file: "paintings" not in file.parts)
    with pytest.raises(SettingsError, match="set artist to 0"):
        build_trainer(TINY, few, tmp_path / "run")


def test_broken_pictures_are_left_out_and_told(collection, tmp_path, capsys):
    copied = copy(collection, tmp_path / "broken", lambda file: True)
    (copied / "kaokore" / "male" / "0.png").write_bytes(b"torn")
    recipe = EncoderRecipe(widths=(4, 4, 4, 4), batch=2, size=32, steps=1)
    train(data=copied, run=tmp_path / "run", recipe=recipe)
    assert f"left out: {copied / 'kaokore' / 'male' / '0.png'}" in capsys.readouterr().out
    for file in training_files(copied):
        file.write_bytes(b"torn")
    with pytest.raises(PictureError, match="None of the"):
        train(data=copied, run=tmp_path / "other", recipe=recipe)


def test_held_out_artists_are_not_seen(collection, tmp_path):
    _, _, pictures = build_trainer(TINY, collection, tmp_path)
    assert not any("caravaggio" in file.parts for file in pictures.files)


def test_expectedare_artists_with_enough_pictures(collection):
    files = training_files(collection)
    labels = artist_labels(collection, files).tolist()
    for file, label in zip(files, labels, strict=True):
        assert label == (0 if "claude_monet" in file.parts else -1)


def test_sampling_weights_by_kind_of_picture(collection):
    from recipes.encoder.train import _sampling_weights

    files = [collection / name for name in ("paintings/a/0.png", "photos/open/0.png", "kaokore/male/0.png")]
    assert _sampling_weights(collection, files).tolist() == pytest.approx([1.0, 4.0, 0.3])


@pytest.mark.parametrize(("there", "expected"), [(3, 96), (150, 96), (200, 10)])
def test_calibration_takes_pictures_from_the_whole_set(there, expected):
    pictures = [torch.full((3, 8, 12), number, dtype=torch.uint8) for number in range(there)]
    crops = calibration(PictureSet(pictures), expected, side=4)
    assert crops.shape == (min(there, expected), 3, 4, 4)
    indices = (crops[:, 0, 0, 0] * 255).round().tolist()
    assert indices == sorted(set(indices))
    assert indices[0] == 0
    assert indices[-1] >= there - 1 - there / expected
