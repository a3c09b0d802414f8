"""The pretext tasks: each can be learned, each sends gradients to the encoder, and contrast is NT-Xent."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bottega.encoders import VGGEncoder
from recipes.encoder import pretext
from recipes.encoder.distort import DISTORTIONS, distort
from recipes.encoder.views import Views

WIDTHS = (8, 8, 16, 16)
LAYER_WIDTHS = (8, 8, 8, 8, 16, 16, 16, 16)
PICTURES = 12


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def encoder():
    torch.manual_seed(0)
    shares = {"relu1_1": 1.0}
    return VGGEncoder(
        "tiny", WIDTHS, (2, 2, 3, 3), content_layers=shares, style_layers=shares, batch_norm=True
    )


@pytest.fixture(scope="module")
def views():
    """Waves of twelve directions and colors in two views each, and one spoiled view of each."""
    down, across = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    pictures = []
    for number in range(PICTURES):
        angle = math.pi * number / PICTURES
        wave = torch.sin((down * math.sin(angle) + across * math.cos(angle)) * (0.3 + 0.1 * (number % 4)))
        color = torch.rand(3, 1, 1, generator=seeded(number))
        pictures.append(((0.5 + 0.5 * wave) * color * 255).to(torch.uint8))
    crops = Views(size=32, own_jitter=0, colorless=0).draw(pictures, seeded())
    assert crops.same_colors
    spoiled, kinds = distort(crops.views[:PICTURES], seeded())
    return torch.cat([crops.views, spoiled]), kinds


def make_batch(net, views):
    crops, kinds = views
    return pretext.Batch(
        net(crops, net.layers), torch.arange(PICTURES), kinds, same_colors=True, same_place=True
    )


TASKS = {
    "instance": lambda: pretext.Instance(PICTURES, WIDTHS[-1]),
    "two_view": lambda: pretext.TwoView(WIDTHS[-1]),
    "style": lambda: pretext.StyleMoments(),
    "place": lambda: pretext.DenseContrast(),
    "artist": lambda: pretext.ArtistClassifier(torch.tensor([0, 1, 2, -1] * 3), LAYER_WIDTHS),
    "spoiled": lambda: pretext.DistortionClassifier(LAYER_WIDTHS),
    "cluster": lambda: pretext.Cluster(PICTURES, WIDTHS[-1], clusters=4, every=1000),
}


@pytest.mark.parametrize("task", TASKS)
def test_each_task_is_learned_and_moves_the_encoder(task, views):
    torch.set_num_threads(1)
    net = encoder()
    head = TASKS[task]()
    optimizer = torch.optim.Adam([*net.parameters(), *head.parameters()], 1e-2)
    losses = []
    for _ in range(12):
        loss = head(make_batch(net, views))
        assert loss.shape == ()
        optimizer.zero_grad()
        loss.backward()
        if not losses:
            reached = [conv.weight.grad is not None for conv in net.convolutions()]
            assert all(reached)
            assert all(float(conv.weight.grad.abs().max()) > 0 for conv in net.convolutions())
            assert all(float(p.grad.abs().max()) > 0 for p in head.parameters())
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.85 * losses[0]


def unit(count, width, seed):
    return F.normalize(torch.randn(count, width, generator=seeded(seed)), dim=1)


@pytest.mark.parametrize("further", [0, 7])
def test_contrast_is_the_paper_written_out(further):
    first, second, others = unit(5, 6, 1), unit(5, 6, 2), unit(further, 6, 3)
    both, total = [*first, *second], 0.0
    for number, one in enumerate(both):
        rest = [other for place, other in enumerate(both) if place != number] + list(others)
        partner = math.exp(float(one @ both[(number + 5) % 10]) / 0.2)
        total -= math.log(partner / sum(math.exp(float(one @ other) / 0.2) for other in rest))
    results = pretext.contrastive_loss(first, second, 0.2, others if further else None)
    assert float(results) == pytest.approx(total / 10, rel=1e-5)


def test_contrast_is_least_where_partners_agree():
    first = torch.eye(4)
    assert float(pretext.contrastive_loss(first, first, 0.1)) < 0.01
    assert float(pretext.contrastive_loss(first, first.roll(1, 0), 0.1)) > 5


def test_spoiled_versions_count_against_a_style():
    first = unit(4, 6, 1)
    alone = pretext.contrastive_loss(first, first, 0.15)
    assert pretext.contrastive_loss(first, first, 0.15, first) > alone + 0.5


def batch_of(features, indices, kinds=()):
    layers = dict.fromkeys(pretext.STYLE_LAYERS, features)
    return pretext.Batch(layers, torch.tensor(indices), torch.tensor(kinds, dtype=torch.long), True, True)


def test_moments_are_means_and_deviations_and_deep_features_are_unit():
    features = torch.rand(6, 4, 5, 7, generator=seeded())
    batch = batch_of(features, [3, 9], [1, 2])
    moments = batch.moments("relu3_1")
    for view in range(6):
        for channel in range(4):
            values = features[view, channel].flatten().tolist()
            mean = sum(values) / 35
            variance = sum((value - mean) ** 2 for value in values) / 34
            assert float(moments[view, channel]) == pytest.approx(mean, rel=1e-4)
            assert float(moments[view, 4 + channel]) == pytest.approx(math.sqrt(variance + 1e-5), rel=1e-4)
    assert batch.twice.tolist() == [3, 9, 3, 9]
    assert batch.deepest.shape == (4, 4)
    assert torch.allclose(batch.deepest.norm(dim=1), torch.ones(4))
    expected = F.normalize(features[:4].mean((2, 3)), dim=1)
    assert torch.allclose(batch.deepest, expected, atol=1e-6)


def test_pictures_without_a_artist_do_not_count():
    features = torch.rand(4, 3, 4, 4, generator=seeded())
    torch.manual_seed(0)
    head = pretext.ArtistClassifier(torch.tensor([0, -1, 1]), [3] * 8)
    both, expected = batch_of(features, [0, 1]), batch_of(features[[0, 2]], [0])
    assert torch.allclose(head(both), head(expected))
    unknown = head(batch_of(features, [1, 1]))
    assert unknown.item() == 0
    unknown.backward()
    assert float(head.head.weight.grad.abs().max()) == 0


def test_whole_pictures_weigh_as_much_as_one_way_of_spoiling():
    torch.manual_seed(0)
    head = pretext.DistortionClassifier([3] * 8)
    features = torch.rand(6, 3, 4, 4, generator=seeded())
    batch = batch_of(features, [0, 1], [2, 5])
    expected = [0, 0, 0, 0, 2, 5]
    whole = 2 / len(DISTORTIONS) / 4
    total = 0.0
    for layer, classify in zip(pretext.STYLE_LAYERS, head.heads, strict=True):
        chances = classify(batch.moments(layer)).log_softmax(1)
        each = [-float(chances[view, kind].detach()) for view, kind in enumerate(expected)]
        total += (whole * sum(each[:4]) + sum(each[4:])) / (4 * whole + 2)
    assert head(batch).item() == pytest.approx(total / 8, rel=1e-4)


def test_clusters_are_found_again_by_k_means():
    torch.manual_seed(0)
    # Two groups of six pictures whose features point two ways.
    features = torch.zeros(24, 4, 2, 2)
    for view in range(24):
        features[view, view % 2] = 1
    features += 0.05 * torch.rand(features.shape, generator=seeded())
    head = pretext.Cluster(PICTURES, 4, clusters=2, every=3)
    batch = batch_of(features, list(range(PICTURES)))
    for _ in range(3):
        loss = head(batch)
    labels = head.get_buffer("labels")
    assert len(set(labels[::2].tolist())) == len(set(labels[1::2].tolist())) == 1
    assert labels[0] != labels[1]
    # The head starts at the centers, so that it names its clusters at once.
    assert loss.item() < 0.1
    assert torch.allclose(head.get_buffer("memory"), batch.deepest[:12] / 2 + batch.deepest[12:] / 2)


def test_fewer_pictures_than_clusters():
    features = torch.rand(6, 4, 2, 2, generator=seeded())
    head = pretext.Cluster(3, 4, clusters=128, every=1)
    assert bool(head(batch_of(features, [0, 1, 2])).isfinite())
    assert isinstance(head.head, nn.Linear)
    assert head.head.out_features == 3
