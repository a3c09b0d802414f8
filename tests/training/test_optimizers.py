"""Parameter groups, freezing, optimizers by name, and the moving average of weights."""

import pytest
import torch
from torch import nn

from bottega.errors import SettingsError
from bottega.training import (
    EMA,
    OPTIMIZERS,
    Constant,
    ParamGroupRule,
    Trainer,
    Trapezoid,
    build_optimizer,
    freeze,
    parameter_groups,
)


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 1, 1)
    )


def names(module, group):
    return [name for name, p in module.named_parameters() if any(p is q for q in group["params"])]


def test_norms_and_biases_have_no_weight_decay():
    module = network()
    decayed, others = parameter_groups(module, 0.1, weight_decay=0.3)
    assert (decayed["weight_decay"], others["weight_decay"]) == (0.3, 0.0)
    assert names(module, decayed) == ["0.weight", "3.weight", "4.weight"]
    assert names(module, others) == ["0.bias", "1.weight", "1.bias", "3.bias", "4.bias"]
    assert decayed["lr"] == others["lr"] == 0.1


def test_the_last_matching_rule_counts():
    module = network()
    rules = [
        ParamGroupRule("*", 0.5),
        ParamGroupRule("[01].*", 0.1),
        ParamGroupRule("*.bias", 0.1, weight_decay=0.2),
        ParamGroupRule("0.*", 0),
    ]
    groups = parameter_groups(module, 1.0, rules, weight_decay=0.3)
    result = {name: (g["lr"], g["weight_decay"]) for g in groups for name in names(module, g)}
    assert result == {
        "3.weight": (0.5, 0.3),
        "4.weight": (0.5, 0.3),
        "1.weight": (0.1, 0.0),
        "1.bias": (0.1, 0.2),
        "3.bias": (0.1, 0.2),
        "4.bias": (0.1, 0.2),
    }
    assert not module[0].weight.requires_grad


def test_freezing_by_depth_and_name():
    module = network()
    assert freeze(module, "4.bias", depth=2) == ["0.weight", "0.bias", "1.weight", "1.bias", "4.bias"]
    trainable = [name for name, p in module.named_parameters() if p.requires_grad]
    assert trainable == ["3.weight", "3.bias", "4.weight"]


def test_frozen_layers_are_bit_identical(tmp_path):
    module = network()
    freeze(module, depth=2)
    before = {name: x.clone() for name, x in module.state_dict().items()}

    def step(step):
        loss = module(torch.randn(2, 3, 8, 8, generator=step.generator)).square().mean()
        step.update(loss)
        return {"loss": loss}

    adam = build_optimizer("adam", parameter_groups(module, 0.1), 0.1)
    trainer = Trainer(module, adam, step, Constant(3, warmup=0), tmp_path)
    trainer.train()
    for name, value in module.state_dict().items():
        frozen = name.startswith(("0.", "1."))  # batch norm's statistics as well
        assert torch.equal(value, before[name]) == frozen, name
        assert not frozen or torch.equal(trainer.ema.state[name], before[name])


def test_patterns_that_match_nothing():
    with pytest.raises(
        SettingsError, match=r'No weights are called "encoder\.\*"; they are 0\.weight, 0\.bias'
    ):
        freeze(network(), "encoder.*")
    with pytest.raises(SettingsError, match="No weights are called"):
        parameter_groups(network(), 0.1, [ParamGroupRule("encoder.*", 0)])
    with pytest.raises(SettingsError, match="first 9 layers; the network has 4"):
        freeze(network(), depth=9)
    with pytest.raises(SettingsError, match="use 0"):
        parameter_groups(network(), 0.1, [ParamGroupRule("*", -1)])
    module = network()
    with pytest.raises(SettingsError, match="nothing to train"):
        build_optimizer("adam", parameter_groups(module, 0.1, [ParamGroupRule("*", 0)]), 0.1)


def test_ema_follows_and_copies_integers():
    module = nn.BatchNorm1d(2)
    average = EMA(module, 0.5)
    with torch.no_grad():
        module.weight.fill_(3.0)
        module.num_batches_tracked.fill_(7)
    for step in range(1, 30):
        average.update(module, step)
    assert torch.allclose(average.state["weight"], torch.full((2,), 3.0), atol=1e-5)
    assert int(average.state["num_batches_tracked"]) == 7


def test_ema_formula():
    module = nn.Linear(1, 1, bias=False)
    average = EMA(module, 0.7)
    expected = float(module.weight.detach())
    for step in range(1, 40):
        with torch.no_grad():
            module.weight.fill_(step)
        average.update(module, step)
        keep = min(0.7, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * step
    assert float(average.state["weight"]) == pytest.approx(expected, rel=1e-5)


def test_swapping_restores_everything():
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    module[1].eval()
    average = EMA(module)
    with torch.no_grad():
        module[0].weight.fill_(5.0)
    parameter = module[0].weight

    def look_and_fail():
        with average.swapped_into(module):
            assert not torch.equal(module[0].weight, torch.full((2, 2), 5.0))
            assert not module.training
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look_and_fail()
    assert module[0].weight is parameter
    assert torch.equal(parameter, torch.full((2, 2), 5.0))
    assert (module.training, module[0].training, module[1].training) == (True, True, False)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_minimizes(name):
    x = torch.nn.Parameter(torch.tensor([3.0]))
    result = build_optimizer(name, [x], 0.05)
    for _ in range(20):
        result.zero_grad()
        x.square().sum().backward()
        result.step()
    assert abs(float(x.detach())) < 2.5


def test_bad_optimizers():
    weights = [torch.nn.Parameter(torch.ones(1))]
    with pytest.raises(SettingsError, match="is not an optimizer; use adam, adamw"):
        build_optimizer("newton", weights, 1.0)
    with pytest.raises(SettingsError, match="nothing to train"):
        build_optimizer("adam", [], 1.0)
    with pytest.raises(SettingsError, match="adam cannot be set up"):
        build_optimizer("adam", weights, -1.0)
    with pytest.raises(SettingsError, match="adam cannot be set up"):
        build_optimizer("adam", weights, 1.0, momentum=1)


def test_every_group_has_its_own_peak_rate(tmp_path):
    records = []

    def trained(steps):
        module = torch.nn.Linear(2, 1)
        groups = [{"params": [module.weight], "lr": 0.1}, {"params": [module.bias]}]
        sgd = build_optimizer("sgd", groups, 0.4)

        def step(step):
            records.append([group["lr"] for group in sgd.param_groups])
            step.update(module(torch.ones(1, 2)).sum())
            return {}

        trainer = Trainer(module, sgd, step, Trapezoid(steps, warmup=2, cooldown=0.5), tmp_path)
        trainer.resume()
        trainer.train()

    trained(4)
    shares = [0.5, 1, 1, 0.5]
    assert [rate for pair in records for rate in pair] == pytest.approx(
        [x * s for s in shares for x in (0.1, 0.4)]
    )
    trained(6)  # lengthened: the peaks are those of the new optimizer, not the last rates of the old one
    assert records[4] == pytest.approx([0.1 * 2 / 3, 0.4 * 2 / 3])
