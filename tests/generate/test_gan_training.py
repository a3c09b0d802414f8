"""Training of generators: material, steps that learn, resuming, starting from another, alarms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from bottega import encoders, generate
from bottega.errors import PictureError, SettingsError, WeightsError
from bottega.evaluate import kernel_distance
from bottega.generate import FewShotGenerator
from bottega.generate.training import (
    GanSettings,
    Material,
    best_generator,
    load_material,
    prepare,
    read_material,
)
from bottega.generate.training.dataset import read_attributes
from bottega.generate.training.finetune import take_over
from bottega.generate.training.gan_metrics import Alarms, Measure, centred, look, nearest, spread
from bottega.generate.training.progressive import Growth
from bottega.training import Step, Trainer, process_context
from bottega.training.schedules import Constant
from bottega.training.step import OptimizerStep

SMALL = {"size": 32, "width": 4, "latent": 8, "batch": 4, "measured": 16}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Red squares and blue discs on grounds of random grey."""
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
def material(folder: Path) -> Material:
    return read_material(folder, 32)


def loop_of(material: Material, run: Path, **settings: object) -> Trainer:
    here = process_context("cpu", "fp32")
    return prepare(GanSettings(**{**SMALL, "steps": 3, **settings}), material, run, here=here)  # type: ignore[arg-type]


def weights_of(loop: Trainer) -> dict[str, torch.Tensor]:
    return {name: x.clone() for name, x in loop.module.state_dict().items()}


def test_folders_are_classes(material: Material) -> None:
    assert material.classes == ("discs", "squares")
    assert material.labels.sum() == 12
    conditions = material.conditions(torch.arange(24))
    assert conditions is not None
    for file, row in zip(material.pictures.files, conditions, strict=True):
        assert material.classes[int(row.argmax())] == file.parent.name


def test_one_folder_has_no_classes(folder: Path) -> None:
    assert read_material(folder / "discs", 32).classes == ()
    assert read_material(folder, 32, classes=False).classes == ()


def test_bad_material(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="Only 3 pictures can be read"):
        load_material({"few": sorted((folder / "discs").iterdir())[:3]}, 32)
    (tmp_path / "class").mkdir()
    Image.new("RGB", (40, 40)).save(tmp_path / "loose.png")
    Image.new("RGB", (40, 40)).save(tmp_path / "class" / "kept.png")
    with pytest.raises(SettingsError, match="pictures beside its subfolders"):
        read_material(tmp_path, 32)


def test_attributes_of_a_table(folder: Path, tmp_path: Path) -> None:
    names = [file.relative_to(folder).as_posix() for file in sorted(folder.rglob("*.png"))]
    table = tmp_path / "like.csv"
    table.write_text("file,age\n" + "".join(f"{name},{10 + n}\n" for n, name in enumerate(names)))
    learned = read_material(folder, 32, attributes=table)
    assert learned.attributes == ("age",)
    wanted = {name: n / (len(names) - 1) for n, name in enumerate(names)}
    for file, value in zip(learned.pictures.files, learned.values[:, 0].tolist(), strict=True):
        assert value == pytest.approx(wanted[file.relative_to(folder).as_posix()])
    loop = loop_of(learned, tmp_path / "run", steps=1)
    loop.train()
    generator = best_generator(loop)[0]
    assert generator.attributes == ("age",)
    assert generate.sample(generator, 1, attributes={"age": 0.3}).shape == (1, 3, 32, 32)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("picture,age\na.png,1\n", 'needs a head with the column "file"'),
        ("file,age\nb.png,1\n", "no row for the picture a.png"),
        ("file,age\na.png,old\nb.png,2\n", '"old" is no number: age of a.png'),
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
    material: Material, tmp_path: Path, settings: dict[str, object]
) -> None:
    loop = loop_of(material, tmp_path, **settings)
    before = weights_of(loop)
    assert loop.train() == "finished"
    moved = {name for name, x in loop.module.state_dict().items() if not torch.equal(x, before[name])}
    for player in ("generator", "discriminator"):
        learned = {n for n, _ in loop.module.named_parameters() if n.startswith(player)}
        assert learned <= moved
    assert not any("mixing" in name for name in moved)
    generator, figures = best_generator(loop)
    assert figures["step"] == 3
    assert generate.sample(generator, 2, like="discs").shape == (2, 3, 32, 32)
    assert (tmp_path / "samples" / "000003.png").exists()


def test_dcgan_takes_no_classes(folder: Path, material: Material, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="A dcgan takes no classes; train a cdcgan"):
        loop_of(material, tmp_path, network="dcgan")
    loose = read_material(folder, 32, classes=False)
    loop = loop_of(loose, tmp_path, network="dcgan")
    loop.train()
    assert generate.sample(best_generator(loop)[0], 1).shape == (1, 3, 32, 32)


def test_resumed_is_as_uninterrupted(material: Material, tmp_path: Path) -> None:
    """Also the probability of augmentation, which follows the discriminator."""
    whole = loop_of(material, tmp_path / "whole", steps=4, augment_span=50)
    whole.train()
    first = loop_of(material, tmp_path / "cut", steps=4, augment_span=50)
    first.advance()
    first.advance()
    first.save()
    second = loop_of(material, tmp_path / "cut", steps=4, augment_span=50)
    assert second.resume()
    second.train()
    ends = weights_of(whole), weights_of(second)
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_vae_learns(material: Material, tmp_path: Path) -> None:
    loop = loop_of(material, tmp_path, network="vae", steps=60, rate=3e-3, batch=8, width=8, beta=0.1)
    losses = [float(loop.advance()["reconstruction"].detach()) for _ in range(60)]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_discriminator_learns_to_tell(material: Material, tmp_path: Path) -> None:
    """Of a generator that stands still it learns to tell made from real."""
    loop = loop_of(material, tmp_path, steps=12, rate=1e-9, discriminator_rate=4e-3, augment=[])
    losses = [float(loop.advance()["discriminator"].detach()) for _ in range(12)]
    assert np.mean(losses[-3:]) < 0.7 * np.mean(losses[:3])


def test_starting_from_another(material: Material, tmp_path: Path) -> None:
    torch.manual_seed(5)
    base = FewShotGenerator(32, 8, classes=("squares", "stars"), width=4)
    file = tmp_path / "base.safetensors"
    generate.save(base, file)
    loop = loop_of(material, tmp_path / "run", base=str(file), size=64, freeze=["start.*"], kept_rate=0.1)
    made = loop.module["generator"]  # type: ignore[index]
    assert torch.equal(made.blocks["16"].convolution.weight, base.blocks["16"].convolution.weight)
    columns = made.embedding.weight
    assert torch.equal(columns[:, 1], base.embedding.weight[:, 0])  # squares
    assert torch.allclose(columns[:, 0], base.embedding.weight.mean(1))  # discs are new
    rates = sorted({group["lr"] for group in loop.optimizer_step.optimizers["generator"].param_groups})
    assert rates == pytest.approx([3e-5, 3e-4])
    loop.train()
    assert torch.equal(made.start.weight, base.start.weight)
    assert not torch.equal(made.blocks["16"].convolution.weight, base.blocks["16"].convolution.weight)


def test_bases_that_do_not_fit() -> None:
    new = FewShotGenerator(32, 8, width=4)
    with pytest.raises(WeightsError, match="is a VAE, the new one a FewShotGenerator"):
        take_over(new, generate.VAE(32, 8, width=4))


def test_freezing_by_depth(material: Material, tmp_path: Path) -> None:
    loop = loop_of(material, tmp_path, freeze_depth=3)
    frozen = [name for name, p in loop.module["generator"].named_parameters() if not p.requires_grad]  # type: ignore[index]
    assert frozen[0].startswith("embedding")
    assert {name.rpartition(".")[0] for name in frozen} == {"embedding", "mapping.0", "mapping.2"}


def test_measures(material: Material, tmp_path: Path) -> None:
    loop = loop_of(material, tmp_path)
    assert loop.validation is not None
    found = dict(loop.validation.compute())
    assert found["fid"] > 0
    assert 0 <= found["variety"] < 0.5  # an untrained generator draws one grey
    assert found["copies"] == 0


def test_the_measure_is_standardised(material: Material) -> None:
    """Real features have the mean 0 and the deviation 1, whatever their scale; fog is far from them."""
    here = process_context("cpu", "fp32")
    measure = Measure(
        FewShotGenerator(32, 8, material.classes, width=4), material, encoders.load_encoder("small"), here
    )
    loud = measure.deviation > 0.01
    assert torch.allclose(measure.means.mean(0), torch.zeros_like(measure.mean), atol=1e-3)
    assert torch.allclose(measure.means.std(0)[loud], torch.ones_like(measure.mean)[loud], atol=1e-3)
    grey = material.squares(torch.arange(24), 32).mean((2, 3), keepdim=True).expand(-1, -1, 32, 32)
    fog = look(measure.encoder, grey)
    assert kernel_distance(measure.standardised(fog.means), measure.means) > 1


def test_measures_by_hand() -> None:
    rows = nn.functional.normalize(torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 1, 0]]), dim=1)
    apart = [1 - float(rows[a] @ rows[b]) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert spread(rows) == pytest.approx(np.mean(apart))
    assert nearest(rows, rows).max() < 1e-6
    assert nearest(rows, rows, skip_self=True).tolist() == pytest.approx([apart[1], apart[1], apart[1]])
    assert torch.allclose(centred(rows, rows.mean(0)).norm(dim=1), torch.ones(3))


def test_alarms_speak_once(material: Material, tmp_path: Path) -> None:
    told: list[str] = []
    alarms, loop = Alarms(told.append, twins=0.02), loop_of(material, tmp_path)
    for _ in range(2):
        alarms.validate(loop, {"variety": 0.1, "copies": 0.0}, best=False)
    assert told == []  # too early
    for _ in range(3):
        alarms.validate(loop, {"variety": 0.1, "copies": 0.3}, best=False)
    assert len(told) == 2
    assert "variety is 0.10" in told[0]
    assert "30% of its pictures are near twins" in told[1]


def test_starting_without_the_classes_of_the_base() -> None:
    """What was learned stays: the pictures are those of the mean class, and back again."""
    torch.manual_seed(5)
    base = FewShotGenerator(32, 8, classes=("squares", "stars"), width=4).eval()
    plain = FewShotGenerator(32, 8, width=4).eval()
    take_over(plain, base)
    noise = torch.randn(3, 8)
    with torch.no_grad():
        assert torch.allclose(plain(noise), base(noise, torch.full((3, 2), 0.5)), atol=1e-5)
        told = FewShotGenerator(32, 8, classes=("discs", "rings"), width=4).eval()
        take_over(told, plain)
        told.embedding.weight.zero_()  # type: ignore[union-attr]
        assert torch.allclose(told(noise, torch.eye(2)[[0, 1, 0]]), plain(noise), atol=1e-5)


def test_growing_begins_with_what_the_smaller_one_draws() -> None:
    torch.manual_seed(5)
    base, grown = (FewShotGenerator(side, 8, width=4).eval() for side in (32, 128))
    take_over(grown, base)
    noise = torch.randn(3, 8)
    with torch.no_grad():
        small, large = base(noise), grown(noise)
    assert (torch.nn.functional.avg_pool2d(large, 4) - small).abs().mean() < 0.02


def test_a_sure_discriminator_with_batch_norms_is_not_fooled(material: Material, tmp_path: Path) -> None:
    """Judged together with real pictures, made ones were told at once, and by themselves they passed."""
    settings = {"network": "cdcgan", "loss": "non-saturating", "augment": [], "rate": 1e-9}
    loop = loop_of(material, tmp_path, steps=25, discriminator_rate=1e-3, **settings)
    for _ in range(25):
        losses = loop.advance()
    assert losses["discriminator"] < 0.7
    assert losses["generator"] > 1.5


def test_pictures_grow(folder: Path, tmp_path: Path) -> None:
    """First at 32 pixels, where finer layers do not learn; a longer training does not shrink again."""
    material = read_material(folder, 64)
    loop = loop_of(material, tmp_path, size=64, steps=4, grow=0.5)
    start = weights_of(loop)
    told = [float(loop.advance()["side"]) for _ in range(2)]
    half = weights_of(loop)
    told += [float(loop.advance()["side"]) for _ in range(2)]
    whole = weights_of(loop)
    assert told == [32, 32, 64, 64]
    fine = ("generator.pictures.64.weight", "discriminator.parts.64.plain.weight")
    for name in fine:
        assert torch.equal(start[name], half[name])
        assert not torch.equal(half[name], whole[name])
    coarse = ("generator.pictures.32.weight", "discriminator.parts.32.plain.weight")
    for name in coarse:
        assert not torch.equal(start[name], half[name])
        assert not torch.equal(half[name], whole[name])
    loop.save()
    longer = loop_of(material, tmp_path, size=64, steps=100, grow=0.5)
    assert longer.resume()
    assert longer.advance()["side"] == 64


def test_growth_over_several_sides() -> None:
    growth = Growth((32, 64, 128), 0.5, lambda step: step / 8)
    here = process_context("cpu", "fp32")
    optimizer_step = OptimizerStep({}, Constant(8), here, None)
    sides = [growth(Step(number, torch.Generator(), here, optimizer_step)) for number in range(8)]
    assert sides == [32, 32, 64, 64, 128, 128, 128, 128]
    assert Growth((32, 64), 0.0, lambda _: 0.0).sides == (64,)
    with pytest.raises(SettingsError, match="share of the training for smaller pictures is 1"):
        Growth((32, 64), 1.0, lambda _: 0.0)


def test_patience_waits_for_the_whole_side(folder: Path, tmp_path: Path) -> None:
    loop = loop_of(
        read_material(folder, 64),
        tmp_path,
        size=64,
        steps=6,
        grow=0.5,
        patience=1,
        validate_every=1,
        rate=1e-9,
    )
    loop.train()
    assert loop.global_step > 3
    assert loop.validation is not None
    assert loop.validation.best_step > 3  # no small picture is the best
    assert float(best_generator(loop)[1]["step"]) > 3


def test_a_base_as_large_needs_no_growth(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "base.safetensors"
    generate.save(FewShotGenerator(64, 8, ("discs", "squares"), width=4), file)
    loop = loop_of(read_material(folder, 64), tmp_path / "run", size=64, base=str(file))
    assert loop.advance()["side"] == 64


def test_new_classes_learn_though_all_else_is_kept(material: Material, tmp_path: Path) -> None:
    torch.manual_seed(5)
    file = tmp_path / "base.safetensors"
    generate.save(FewShotGenerator(32, 8, classes=("squares", "stars"), width=4), file)
    loop = loop_of(material, tmp_path / "run", base=str(file), kept_rate=0.0)
    learning = {n for n, p in loop.module["generator"].named_parameters() if p.requires_grad}  # type: ignore[index]
    assert learning == {"embedding.weight", "mapping.0.weight"}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"network": "cdcgan", "grow": 0.6}, "A cdcgan does not follow --grow; it is for --network fewshot"),
        (
            {"network": "vae", "loss": "least-squares"},
            "--loss; it is for --network fewshot or dcgan or cdcgan",
        ),
        ({"beta": 2.0}, "A fewshot does not follow --beta; it is for --network vae"),
        ({"schedule": "cosine", "steps": 0}, "--schedule cosine wants --steps"),
    ],
)
def test_settings_that_would_change_nothing(
    material: Material, tmp_path: Path, settings: dict[str, object], sentence: str
) -> None:
    with pytest.raises(SettingsError, match=sentence):
        loop_of(material, tmp_path, **settings)
