"""Training of generators: datasets, steps, resuming, fine-tuning, metrics, warnings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from bottega import encoders, generation
from bottega.errors import PictureError, SettingsError, WeightsError
from bottega.evaluation import kernel_distance
from bottega.generation import FewShotGenerator
from bottega.generation.training import (
    GanSettings,
    ImageDataset,
    best_generator,
    build_trainer,
    load_dataset,
    load_dataset_folder,
)
from bottega.generation.training.dataset import read_attributes
from bottega.generation.training.finetune import load_matching_weights
from bottega.generation.training.gan_metrics import (
    CollapseMonitor,
    GanMetrics,
    directions,
    extract_features,
    mean_distance,
    nearest_distances,
    nearest_training_images,
)
from bottega.generation.training.progressive import ProgressiveSchedule
from bottega.generation.training.step_budget import needed_steps, relative_pace
from bottega.training import Step, Trainer, process_context
from bottega.training.schedules import Constant
from bottega.training.step import OptimizerStep

SMALL = {"size": 32, "width": 4, "latent": 8, "batch": 4, "validation_samples": 16}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Red squares and blue discs on grounds of random gray."""
    root, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    y, x = np.mgrid[:40, :48]
    for number in range(24):
        picture = np.full((40, 48, 3), rng.integers(60, 200), np.uint8)
        down, right, half = rng.integers(15, 25), rng.integers(18, 30), rng.integers(6, 12)
        if number % 2:
            picture[abs(y - down).clip(abs(x - right)) < half] = (200, 30, 30)
        else:
            picture[(y - down) ** 2 + (x - right) ** 2 < half**2] = (30, 30, 200)
        home = root / ("squares" if number % 2 else "discs")
        home.mkdir(exist_ok=True)
        Image.fromarray(picture).save(home / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def dataset(folder: Path) -> ImageDataset:
    return load_dataset_folder(folder, 32)


def trainer_for(dataset: ImageDataset, run: Path, **settings: object) -> Trainer:
    context = process_context("cpu", "fp32")
    return build_trainer(GanSettings(**{**SMALL, "steps": 3, **settings}), dataset, run, context=context)  # type: ignore[arg-type]


def weights_of(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: x.clone() for name, x in trainer.module.state_dict().items()}


def test_folders_are_classes(dataset: ImageDataset) -> None:
    assert dataset.classes == ("discs", "squares")
    assert dataset.labels.sum() == 12
    conditions = dataset.conditions(torch.arange(24))
    assert conditions is not None
    for file, row in zip(dataset.pictures.files, conditions, strict=True):
        assert dataset.classes[int(row.argmax())] == file.parent.name


def test_random_classes_are_as_frequent_as_in_the_training_pictures(folder: Path, tmp_path: Path) -> None:
    files = {name: sorted((folder / name).iterdir()) for name in ("discs", "squares")}
    dataset = load_dataset({"discs": files["discs"], "squares": files["squares"][:3]}, 32)
    assert dataset.class_weights == (0.8, 0.2)
    trainer = trainer_for(dataset, tmp_path, steps=1)
    generator = best_generator(trainer)[0]
    generation.save(generator, tmp_path / "mine.safetensors")
    loaded = generation.load(tmp_path / "mine.safetensors")
    shares = loaded.sample_conditions(None, 1000, torch.Generator().manual_seed(0))
    assert shares is not None
    assert shares.mean(0).tolist() == pytest.approx([0.8, 0.2], abs=0.04)


def test_pictures_that_stand_twice_are_used_once(folder: Path, tmp_path: Path) -> None:
    names = sorted((folder / "discs").iterdir())
    for file in names:
        for copy in ("a", "b"):
            Image.open(file).save(tmp_path / f"{file.stem}{copy}.{'png' if copy == 'a' else 'bmp'}")
    pictures = load_dataset_folder(tmp_path, 32).pictures
    assert len(pictures) == 12
    assert [first.stem for _, first in pictures.duplicates] == sorted(f"{file.stem}a" for file in names)
    files = sorted(tmp_path.iterdir())
    for file in files[12:]:
        file.unlink()
    for file in files[:12]:
        Image.open(names[0]).save(file)
    with pytest.raises(PictureError, match="Only 1 different pictures can be read and 11 are copies"):
        load_dataset_folder(tmp_path, 32)


def test_copies_are_noticed_where_training_pictures_stand_twice(folder: Path, tmp_path: Path) -> None:
    """Each training picture is there twice, saved anew, and the generator makes exactly these."""
    for file in sorted((folder / "discs").iterdir()):
        Image.open(file).save(tmp_path / f"{file.stem}.png")
        Image.open(file).save(tmp_path / f"{file.stem}.jpg", quality=85)
    dataset = load_dataset_folder(tmp_path, 32)
    assert len(dataset.pictures) == 24
    once = load_dataset_folder(folder / "discs", 32)
    trainer = trainer_for(dataset, tmp_path / "run", steps=1)
    generator, encoder = best_generator(trainer)[0], encoders.load_encoder("small")
    metrics = GanMetrics(generator, dataset, encoder, trainer.context, 16)
    squares = once.center_squares(torch.arange(12), 32).repeat(2, 1, 1, 1)[:16]
    metrics.generate = lambda: squares  # type: ignore[method-assign]
    values = metrics()
    assert values["copies"] == 1
    warnings: list[str] = []
    monitor = CollapseMonitor(warnings.append, metrics.real_duplicates)
    for _ in range(3):
        monitor.validate(trainer, {**values, "variety": 1.0}, False)
    assert len(warnings) == 1
    assert "copies" in warnings[0]
    nearest = nearest_training_images(squares, dataset, encoder)
    assert bool(nearest.near_duplicates.all())


def test_too_little_time_is_noted_with_the_time_that_would_do(dataset: ImageDataset, tmp_path: Path) -> None:
    assert needed_steps(182, 16) == 6250
    assert needed_steps(10_000, 16) == 62_500
    warnings: list[str] = []
    settings = GanSettings(**{**SMALL, "minutes": 0.03})  # type: ignore[arg-type]
    context = process_context("cpu", "fp32")
    build_trainer(settings, dataset, tmp_path, context=context, warn=warnings.append).train()
    (message,) = (warning for warning in warnings if "steps fit" in warning)
    assert "24 pictures need about 25,000" in message
    assert "would do: --minutes" in message


def test_pace_of_a_training_whose_pictures_grow() -> None:
    growing = ProgressiveSchedule((32, 64), 0.4, lambda step: 0.0)
    assert relative_pace(growing) == pytest.approx(0.4 + 0.6 / 3)
    growing.get_buffer("side").fill_(64)
    assert relative_pace(growing) == pytest.approx(0.4 * 3 + 0.6)
    assert relative_pace(ProgressiveSchedule((64,), 0.4, lambda step: 0.0)) == 1


def test_one_folder_has_no_classes(folder: Path) -> None:
    assert load_dataset_folder(folder / "discs", 32).classes == ()
    assert load_dataset_folder(folder, 32, classes=False).classes == ()


def test_bad_folders(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="Only 3 different pictures can be read"):
        load_dataset({"few": sorted((folder / "discs").iterdir())[:3]}, 32)
    (tmp_path / "class").mkdir()
    Image.new("RGB", (40, 40)).save(tmp_path / "loose.png")
    Image.new("RGB", (40, 40)).save(tmp_path / "class" / "a.png")
    with pytest.raises(SettingsError, match="pictures beside its subfolders"):
        load_dataset_folder(tmp_path, 32)


def test_attributes_of_a_table(folder: Path, tmp_path: Path) -> None:
    names = [file.relative_to(folder).as_posix() for file in sorted(folder.rglob("*.png"))]
    table = tmp_path / "like.csv"
    table.write_text("file,age\n" + "".join(f"{name},{10 + n}\n" for n, name in enumerate(names)))
    dataset = load_dataset_folder(folder, 32, attributes=table)
    assert dataset.attributes == ("age",)
    expected = {name: n / (len(names) - 1) for n, name in enumerate(names)}
    for file, value in zip(dataset.pictures.files, dataset.values[:, 0].tolist(), strict=True):
        assert value == pytest.approx(expected[file.relative_to(folder).as_posix()])
    trainer = trainer_for(dataset, tmp_path / "run", steps=1)
    trainer.train()
    generator = best_generator(trainer)[0]
    assert generator.attributes == ("age",)
    assert generation.sample(generator, 1, attributes={"age": 0.3}).shape == (1, 3, 32, 32)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("picture,age\na.png,1\n", 'needs a header with the column "file"'),
        ("file,age\nb.png,1\n", "no row for the picture a.png"),
        ("file,age\na.png,old\nb.png,2\n", '"old" must be a number: age of a.png'),
        ("file,age\na.png,2\nb.png,2\n", '"age" in .* is the same for all pictures'),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, message: str) -> None:
    table = tmp_path / "table.csv"
    table.write_text(text)
    with pytest.raises(SettingsError, match=message):
        read_attributes(table, tmp_path, [tmp_path / "a.png", tmp_path / "b.png"])


@pytest.mark.parametrize(
    "settings",
    [
        {"network": "fewshot"},
        {"network": "fewshot", "projector": "", "loss": "non-saturating", "r1": 1.0, "r1_every": 2},
        {"network": "cdcgan", "loss": "least-squares", "dropout": 0.2},
        {"network": "vae", "beta": 0.5},
        {"network": "fewshot", "optimizer": "adamw", "weight_decay": 0.01, "schedule": "cosine"},
    ],
    ids=["projected", "penalised", "cdcgan", "vae", "adamw"],
)
def test_every_training_moves_weights(
    dataset: ImageDataset, tmp_path: Path, settings: dict[str, object]
) -> None:
    trainer = trainer_for(dataset, tmp_path, **settings)
    before = weights_of(trainer)
    assert trainer.train() == "finished"
    moved = {name for name, x in trainer.module.state_dict().items() if not torch.equal(x, before[name])}
    for network in ("generator", "discriminator"):
        learned = {n for n, _ in trainer.module.named_parameters() if n.startswith(network)}
        assert learned <= moved
    assert not any("mixing" in name for name in moved)
    generator, figures = best_generator(trainer)
    assert figures["step"] == 3
    assert generation.sample(generator, 2, classes="discs").shape == (2, 3, 32, 32)
    assert (tmp_path / "samples" / "000003.png").exists()


def test_dcgan_takes_no_classes(folder: Path, dataset: ImageDataset, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="A dcgan has no classes; train a cdcgan"):
        trainer_for(dataset, tmp_path, network="dcgan")
    loose = load_dataset_folder(folder, 32, classes=False)
    trainer = trainer_for(loose, tmp_path, network="dcgan")
    trainer.train()
    assert generation.sample(best_generator(trainer)[0], 1).shape == (1, 3, 32, 32)


def test_resumed_is_as_uninterrupted(dataset: ImageDataset, tmp_path: Path) -> None:
    """Also the probability of augmentation, which follows the discriminator."""
    whole = trainer_for(dataset, tmp_path / "whole", steps=4, augment_span=50)
    whole.train()
    first = trainer_for(dataset, tmp_path / "cut", steps=4, augment_span=50)
    first.advance()
    first.advance()
    first.save()
    second = trainer_for(dataset, tmp_path / "cut", steps=4, augment_span=50)
    assert second.resume()
    second.train()
    ends = weights_of(whole), weights_of(second)
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_vae_learns(dataset: ImageDataset, tmp_path: Path) -> None:
    trainer = trainer_for(dataset, tmp_path, network="vae", steps=60, rate=3e-3, batch=8, width=8, beta=0.1)
    losses = [float(trainer.advance()["reconstruction"].detach()) for _ in range(60)]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_discriminator_learns(dataset: ImageDataset, tmp_path: Path) -> None:
    """Of a generator that stands still it learns to tell made from real."""
    trainer = trainer_for(dataset, tmp_path, steps=12, rate=1e-9, discriminator_rate=4e-3, augment=[])
    losses = [float(trainer.advance()["discriminator"].detach()) for _ in range(12)]
    assert np.mean(losses[-3:]) < 0.7 * np.mean(losses[:3])


def test_fine_tuning(dataset: ImageDataset, tmp_path: Path) -> None:
    torch.manual_seed(5)
    base = FewShotGenerator(32, 8, classes=("squares", "stars"), width=4)
    file = tmp_path / "base.safetensors"
    generation.save(base, file)
    trainer = trainer_for(
        dataset, tmp_path / "run", base=str(file), size=64, freeze=["start.*"], pretrained_rate=0.1
    )
    new = trainer.module["generator"]  # type: ignore[index]
    assert torch.equal(new.blocks["16"].convolution.weight, base.blocks["16"].convolution.weight)
    columns = new.embedding.weight
    assert torch.equal(columns[:, 1], base.embedding.weight[:, 0])  # squares
    assert torch.allclose(columns[:, 0], base.embedding.weight.mean(1))  # discs are new
    rates = sorted({group["lr"] for group in trainer.optimizer_step.optimizers["generator"].param_groups})
    assert rates == pytest.approx([3e-5, 3e-4])
    trainer.train()
    assert torch.equal(new.start.weight, base.start.weight)
    assert not torch.equal(new.blocks["16"].convolution.weight, base.blocks["16"].convolution.weight)


def test_bases_that_do_not_match() -> None:
    new = FewShotGenerator(32, 8, width=4)
    with pytest.raises(WeightsError, match="is a VAE, the new one a FewShotGenerator"):
        load_matching_weights(new, generation.VAE(32, 8, width=4))


def test_freezing_by_depth(dataset: ImageDataset, tmp_path: Path) -> None:
    trainer = trainer_for(dataset, tmp_path, freeze_depth=3)
    frozen = [name for name, p in trainer.module["generator"].named_parameters() if not p.requires_grad]  # type: ignore[index]
    assert frozen[0].startswith("embedding")
    assert {name.rpartition(".")[0] for name in frozen} == {"embedding", "mapping.0", "mapping.2"}


def test_measures(dataset: ImageDataset, tmp_path: Path) -> None:
    trainer = trainer_for(dataset, tmp_path)
    assert trainer.validation is not None
    metrics = dict(trainer.validation.compute())
    assert metrics["fid"] > 0
    assert 0 <= metrics["variety"] < 0.5  # an untrained generator draws one gray
    assert metrics["copies"] == 0


def test_fid_features_are_standardized(dataset: ImageDataset) -> None:
    """Real features have the mean 0 and the deviation 1, whatever their scale; fog is far from them."""
    context = process_context("cpu", "fp32")
    metrics = GanMetrics(
        FewShotGenerator(32, 8, dataset.classes, width=4), dataset, encoders.load_encoder("small"), context
    )
    varying = metrics.stddev > 0.01
    assert torch.allclose(metrics.real_means.mean(0), torch.zeros_like(metrics.mean), atol=1e-3)
    assert torch.allclose(
        metrics.real_means.std(0)[varying], torch.ones_like(metrics.mean)[varying], atol=1e-3
    )
    gray = dataset.center_squares(torch.arange(24), 32).mean((2, 3), keepdim=True).expand(-1, -1, 32, 32)
    fog = extract_features(metrics.encoder, gray)
    assert kernel_distance(metrics.standardize(fog.means), metrics.real_means) > 1


def test_distances_by_hand() -> None:
    rows = nn.functional.normalize(torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 1, 0]]), dim=1)
    distances = [1 - float(rows[a] @ rows[b]) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert mean_distance(rows) == pytest.approx(np.mean(distances))
    assert nearest_distances(rows, rows).max() < 1e-6
    assert nearest_distances(rows, rows, skip_self=True).tolist() == pytest.approx(
        [distances[1], distances[1], distances[1]]
    )
    assert torch.allclose(directions(rows, rows.mean(0)).norm(dim=1), torch.ones(3))


def test_warnings_come_once(dataset: ImageDataset, tmp_path: Path) -> None:
    warnings: list[str] = []
    monitor, trainer = CollapseMonitor(warnings.append, real_duplicates=0.02), trainer_for(dataset, tmp_path)
    for _ in range(2):
        monitor.validate(trainer, {"variety": 0.1, "copies": 0.0}, best=False)
    assert warnings == []  # too early
    for _ in range(3):
        monitor.validate(trainer, {"variety": 0.1, "copies": 0.3}, best=False)
    assert len(warnings) == 2
    assert "is 0.10 of" in warnings[0]
    assert "30% of its pictures are near duplicates" in warnings[1]


def test_starting_without_the_classes_of_the_base() -> None:
    """What was learned stays: the pictures are those of the mean class, and back again."""
    torch.manual_seed(5)
    base = FewShotGenerator(32, 8, classes=("squares", "stars"), width=4).eval()
    plain = FewShotGenerator(32, 8, width=4).eval()
    load_matching_weights(plain, base)
    noise = torch.randn(3, 8)
    with torch.no_grad():
        assert torch.allclose(plain(noise), base(noise, torch.full((3, 2), 0.5)), atol=1e-5)
        conditional = FewShotGenerator(32, 8, classes=("discs", "rings"), width=4).eval()
        load_matching_weights(conditional, plain)
        conditional.embedding.weight.zero_()  # type: ignore[union-attr]
        assert torch.allclose(conditional(noise, torch.eye(2)[[0, 1, 0]]), plain(noise), atol=1e-5)


def test_a_larger_generator_starts_with_the_smaller_picture() -> None:
    torch.manual_seed(5)
    base, grown = (FewShotGenerator(side, 8, width=4).eval() for side in (32, 128))
    load_matching_weights(grown, base)
    noise = torch.randn(3, 8)
    with torch.no_grad():
        small, large = base(noise), grown(noise)
    assert (torch.nn.functional.avg_pool2d(large, 4) - small).abs().mean() < 0.02


def test_a_confident_discriminator_with_batch_norm_is_not_fooled(
    dataset: ImageDataset, tmp_path: Path
) -> None:
    """Judged together with real pictures, fake ones were recognized at once, and alone they passed."""
    settings = {"network": "cdcgan", "loss": "non-saturating", "augment": [], "rate": 1e-9}
    trainer = trainer_for(dataset, tmp_path, steps=25, discriminator_rate=1e-3, **settings)
    for _ in range(25):
        losses = trainer.advance()
    assert losses["discriminator"] < 0.7
    assert losses["generator"] > 1.5


def test_progressive_training(folder: Path, tmp_path: Path) -> None:
    """First at 32 pixels, where finer layers do not learn; a longer training does not shrink again."""
    dataset = load_dataset_folder(folder, 64)
    trainer = trainer_for(dataset, tmp_path, size=64, steps=4, grow=0.5)
    start = weights_of(trainer)
    sides = [float(trainer.advance()["side"]) for _ in range(2)]
    half = weights_of(trainer)
    sides += [float(trainer.advance()["side"]) for _ in range(2)]
    whole = weights_of(trainer)
    assert sides == [32, 32, 64, 64]
    fine = ("generator.pictures.64.weight", "discriminator.by_side.64.from_pixels.weight")
    for name in fine:
        assert torch.equal(start[name], half[name])
        assert not torch.equal(half[name], whole[name])
    coarse = ("generator.pictures.32.weight", "discriminator.by_side.32.from_pixels.weight")
    for name in coarse:
        assert not torch.equal(start[name], half[name])
        assert not torch.equal(half[name], whole[name])
    trainer.save()
    longer = trainer_for(dataset, tmp_path, size=64, steps=100, grow=0.5)
    assert longer.resume()
    assert longer.advance()["side"] == 64


def test_progressive_schedule_over_several_sides() -> None:
    progressive = ProgressiveSchedule((32, 64, 128), 0.5, lambda step: step / 8)
    context = process_context("cpu", "fp32")
    optimizer_step = OptimizerStep({}, Constant(8), context, None)
    sides = [progressive(Step(number, torch.Generator(), context, optimizer_step)) for number in range(8)]
    assert sides == [32, 32, 64, 64, 128, 128, 128, 128]
    assert ProgressiveSchedule((32, 64), 0.0, lambda _: 0.0).sides == (64,)
    with pytest.raises(SettingsError, match="share of the training for smaller pictures is 1"):
        ProgressiveSchedule((32, 64), 1.0, lambda _: 0.0)


def test_patience_waits_for_the_full_size(folder: Path, tmp_path: Path) -> None:
    trainer = trainer_for(
        load_dataset_folder(folder, 64),
        tmp_path,
        size=64,
        steps=6,
        grow=0.5,
        patience=1,
        validate_every=1,
        rate=1e-9,
    )
    trainer.train()
    assert trainer.global_step > 3
    assert trainer.validation is not None
    assert trainer.validation.best_step > 3  # no small picture is the best
    assert float(best_generator(trainer)[1]["step"]) > 3


def test_a_base_of_full_size_needs_no_progressive_training(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "base.safetensors"
    generation.save(FewShotGenerator(64, 8, ("discs", "squares"), width=4), file)
    trainer = trainer_for(load_dataset_folder(folder, 64), tmp_path / "run", size=64, base=str(file))
    assert trainer.advance()["side"] == 64


def test_new_classes_learn_while_the_rest_is_frozen(dataset: ImageDataset, tmp_path: Path) -> None:
    torch.manual_seed(5)
    file = tmp_path / "base.safetensors"
    generation.save(FewShotGenerator(32, 8, classes=("squares", "stars"), width=4), file)
    trainer = trainer_for(dataset, tmp_path / "run", base=str(file), pretrained_rate=0.0)
    learning = {n for n, p in trainer.module["generator"].named_parameters() if p.requires_grad}  # type: ignore[index]
    assert learning == {"embedding.weight", "mapping.0.weight"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"network": "cdcgan", "grow": 0.6}, "A cdcgan does not use --grow; it is for --network fewshot"),
        (
            {"network": "vae", "loss": "least-squares"},
            "--loss; it is for --network fewshot or dcgan or cdcgan",
        ),
        ({"beta": 2.0}, "A fewshot does not use --beta; it is for --network vae"),
        ({"schedule": "cosine", "steps": 0}, "--schedule cosine needs --steps"),
    ],
)
def test_settings_without_effect(
    dataset: ImageDataset, tmp_path: Path, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        trainer_for(dataset, tmp_path, **settings)
