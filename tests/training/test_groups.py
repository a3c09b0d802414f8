"""Which layers learn, and how fast."""

import pytest
import torch
from torch import nn

from bottega.errors import SettingsError
from bottega.training import Constant, ParamGroupRule, Trainer, build_optimizer, freeze, parameter_groups


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


def test_rules_lower_rates_and_the_last_counts():
    module = network()
    rules = [
        ParamGroupRule("*", 0.5),
        ParamGroupRule("[01].*", 0.1),
        ParamGroupRule("*.bias", 0.1, weight_decay=0.2),
        ParamGroupRule("0.*", 0),
    ]
    groups = parameter_groups(module, 1.0, rules, weight_decay=0.3)
    found = {name: (g["lr"], g["weight_decay"]) for g in groups for name in names(module, g)}
    assert found == {
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


def test_frozen_layers_stay_to_the_bit(tmp_path):
    module = network()
    freeze(module, depth=2)
    before = {name: x.clone() for name, x in module.state_dict().items()}

    def step(step):
        loss = module(torch.randn(2, 3, 8, 8, generator=step.generator)).square().mean()
        step.update(loss)
        return {"loss": loss}

    adam = build_optimizer("adam", parameter_groups(module, 0.1), 0.1)
    loop = Trainer(module, adam, step, Constant(3, warmup=0), tmp_path)
    loop.train()
    for name, value in module.state_dict().items():
        kept = name.startswith(("0.", "1."))  # batch norm's statistics as well
        assert torch.equal(value, before[name]) == kept, name
        assert not kept or torch.equal(loop.ema.state[name], before[name])


def test_patterns_that_match_nothing_are_refused():
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
