"""Palettes: text, clusters, mixing, and distances against independent computations."""

from __future__ import annotations

import random
import time

import pytest
import torch
from pydantic import ValidationError
from scipy.stats import wasserstein_distance

from bottega.errors import SettingsError
from bottega.layers.palette import (
    Palette,
    PaletteColor,
    cluster_colors,
    earth_movers_distance,
    mix_palettes,
    palette_emd,
    palette_from_tensor,
    palette_to_tensor,
    parse_palette,
    scale_shares,
    sinkhorn_plan,
    soft_palette_emd,
)


def grays(*pairs: tuple[float, float]) -> torch.Tensor:
    """A palette of grays: lightness and share."""
    rows = torch.zeros(6, 4)
    for row, (light, share) in zip(rows, pairs, strict=False):
        row[0], row[3] = light, share
    return rows


def random_palettes(count: int, seed: int = 0) -> list[Palette]:
    """Six colors each, near a few common ones."""
    rng = random.Random(seed)
    centers = [(rng.uniform(0.2, 0.8), rng.uniform(-0.2, 0.2), rng.uniform(-0.2, 0.2)) for _ in range(6)]
    return [
        scale_shares(
            [
                PaletteColor(
                    lightness=lightness + rng.gauss(0, 0.03),
                    a=a + rng.gauss(0, 0.02),
                    b=b + rng.gauss(0, 0.02),
                    share=rng.uniform(0.5, 1.5),
                )
                for lightness, a, b in centers
            ]
        )
        for _ in range(count)
    ]


def squared_error(palette: Palette, colors: torch.Tensor) -> float:
    """Weighted mean squared distance from colors ``(n, 4)`` to their nearest in the palette."""
    centers = palette_to_tensor(palette)[: len(palette), :3].double()
    nearest = torch.cdist(colors[:, :3].double(), centers).amin(1).square()
    return float((nearest * colors[:, 3]).sum() / colors[:, 3].sum())


def test_hex_colors_are_parsed_and_written() -> None:
    palette = parse_palette("#203040:3,e0c080")
    assert [color.hex for color in palette] == ["#203040", "#e0c080"]
    assert [color.share for color in palette] == [0.75, 0.25]
    grays = ["#7f8081", "#ffffff", "#000000", "#0033cc"]
    assert [color.hex for color in parse_palette(grays)] == grays
    # Ottosson's page: OKLab of pure red.
    red = parse_palette("#ff0000")[0]
    assert red.oklab == pytest.approx((0.62796, 0.22486, 0.12585), abs=1e-4)


@pytest.mark.parametrize(
    "text", ["", "#20304", "#203040:0", "#203040:-1", "bleu", "gold:0", ",".join(["#000000"] * 7)]
)
def test_invalid_palettes_are_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_palette(text)


def test_names_of_colors() -> None:
    assert parse_palette("blue,Gold") == parse_palette("#0000ff,#ffd700")
    assert [color.share for color in parse_palette("rebeccapurple:3,white")] == [0.75, 0.25]
    with pytest.raises(SettingsError, match="Did you mean turquoise"):
        parse_palette("turqoise,#203040")


def test_the_limit_of_colors_can_be_lifted() -> None:
    assert len(parse_palette(["#000000"] * 7, max_colors=None)) == 7
    with pytest.raises(SettingsError, match="at least one"):
        parse_palette([], max_colors=None)


def test_a_share_must_be_positive() -> None:
    with pytest.raises(ValidationError):
        PaletteColor(lightness=0.5, a=0, b=0, share=0)


def test_tensors_hold_a_palette() -> None:
    palette = parse_palette("#203040:3,#e0c080:2,#102a43")
    again = palette_from_tensor(palette_to_tensor(palette))
    for one, other in zip(palette, again, strict=True):
        assert one.hex == other.hex
        assert one.share == pytest.approx(other.share, abs=1e-6)


def test_few_colors_are_mixed_as_they_are() -> None:
    mixed = mix_palettes([parse_palette("#ff0000"), parse_palette("#fe0000,#0000ff")], [1, 3])
    assert sorted(color.hex for color in mixed) == ["#0000ff", "#fe0000", "#ff0000"]
    assert sum(color.share for color in mixed if color.hex != "#0000ff") == pytest.approx(5 / 8)
    alone = mix_palettes([parse_palette("#ff0000"), parse_palette("#0000ff")], [1, 0])
    assert [color.hex for color in alone] == ["#ff0000"]


def test_a_thousand_palettes_are_mixed_at_once_and_well() -> None:
    palettes, weights = random_palettes(1000), [1 + i % 3 for i in range(1000)]
    begin = time.process_time()
    mixed = mix_palettes(palettes, weights)
    assert time.process_time() - begin < 0.8
    assert mixed == mix_palettes(palettes, weights)
    assert len(mixed) == 6
    assert sum(color.share for color in mixed) == pytest.approx(1)
    scales = torch.tensor(weights).repeat_interleave(6)
    colors = torch.tensor([[*color.oklab, color.share] for palette in palettes for color in palette])
    colors[:, 3] *= scales
    # The clusters have the variance 0.03² + 2 · 0.02² around six common colors, and are found again.
    assert squared_error(mixed, colors) == pytest.approx(0.0017, rel=0.15)
    mean = (colors[:, :3] * colors[:, 3:]).sum(0) / colors[:, 3].sum()
    rows = palette_to_tensor(mixed)
    torch.testing.assert_close((rows[:, :3] * rows[:, 3:]).sum(0), mean, atol=1e-4, rtol=0)


def test_the_nearest_colors_are_merged_one_by_one() -> None:
    """Against Ward's method, written out."""
    palettes = random_palettes(4, seed=1)
    colors = [[*color.oklab, color.share / 4] for palette in palettes for color in palette]
    while len(colors) > 6:
        costs = {
            (i, j): a[3] * b[3] / (a[3] + b[3]) * sum((x - y) ** 2 for x, y in zip(a[:3], b[:3], strict=True))
            for i, a in enumerate(colors)
            for j, b in enumerate(colors[:i])
        }
        i, j = min(costs, key=costs.__getitem__)
        a, b = colors.pop(i), colors.pop(j)
        share = a[3] + b[3]
        colors.append([(a[3] * x + b[3] * y) / share for x, y in zip(a[:3], b[:3], strict=True)] + [share])
    expected = torch.tensor(sorted(colors, key=lambda color: -color[3]))
    torch.testing.assert_close(
        palette_to_tensor(mix_palettes(palettes, [1] * 4)), expected, atol=1e-6, rtol=0
    )


def test_clusters_are_weighted_by_mass() -> None:
    colors = torch.tensor([[[0.1, 0, 0], [0.2, 0, 0], [0.9, 0, 0]]])
    palette = cluster_colors(colors, torch.tensor([[[3.0], [1.0], [4.0]]]), 2)[0]
    torch.testing.assert_close(palette[:, 3], torch.tensor([0.5, 0.5]))
    assert sorted(palette[:, 0].tolist()) == pytest.approx([0.125, 0.9])


def test_palettes_of_grays_are_as_far_apart_as_on_a_line() -> None:
    """On a line scipy computes the earth mover's distance in another way."""
    one, other = [(0.2, 0.5), (0.5, 0.3), (0.9, 0.2)], [(0.3, 0.6), (0.8, 0.4)]
    expected = wasserstein_distance(
        [a for a, _ in one], [a for a, _ in other], [s for _, s in one], [s for _, s in other]
    )
    assert palette_emd(grays(*one), grays(*other)) == pytest.approx(expected, abs=1e-6)


def test_masses_are_scaled() -> None:
    assert earth_movers_distance([[0.0, 1.0]], [2.0], [3.0, 1.0]) == pytest.approx(0.25)


def test_soft_distances_are_near_the_exact_ones() -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        one, other = torch.rand(2, 6, 4, generator=generator)
        one[:, 3] /= one[:, 3].sum()
        other[:, 3] /= other[:, 3].sum()
        exact = palette_emd(one, other)
        soft = soft_palette_emd(one[None], other[None]).item()
        assert soft == pytest.approx(exact, rel=0.2)


def test_a_plan_moves_all_masses() -> None:
    source, target = torch.tensor([[0.7, 0.3, 0.0]]), torch.tensor([[0.5, 0.5]])
    cost = torch.rand(1, 3, 2, generator=torch.Generator().manual_seed(1))
    plan = sinkhorn_plan(cost, source, target, 0.05)
    torch.testing.assert_close(plan.sum(2), source, atol=1e-3, rtol=0)
    torch.testing.assert_close(plan.sum(1), target, atol=1e-3, rtol=0)
