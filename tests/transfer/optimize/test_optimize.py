"""Whole transfers at tiny size with the real classes and random weights."""

import pytest
import torch

from bottega.encoders import build_encoder, load_encoder, normalize_activations
from bottega.errors import PictureError, SettingsError
from bottega.pictures import photograph, resize
from bottega.transfer.optimize import runner
from bottega.transfer.optimize.runner import optimize, scale_sizes
from bottega.transfer.optimize.settings import OptimizeSettings
from bottega.transfer.regions import Region, Style

QUICK = OptimizeSettings(size=48, first_size=24, iterations=4, last_iterations=4)


def picture(seed, height=36, width=48):
    small = torch.rand(1, 3, 6, 8, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(small, (height, width), mode="bicubic").clamp(0, 1)


@pytest.fixture(scope="module")
def encoder():
    net = build_encoder("small", seed=1).frozen()
    return normalize_activations(net, torch.cat([picture(s) for s in range(4)]))


def run(
    encoder, styles=None, content=None, *, start_picture=None, on_progress=None, checkpoint=None, **settings
):
    return optimize(
        picture(0) if content is None else content,
        styles or [Style(picture(1))],
        QUICK.model_copy(update=settings),
        encoder=encoder,
        start=start_picture,
        on_progress=on_progress,
        checkpoint=checkpoint,
        save_every=0,
    )


def test_result_has_the_requested_size_and_the_loss_falls(encoder):
    result = run(encoder, iterations=12, last_iterations=12)
    assert result.picture.shape == (1, 3, 36, 48)
    assert 0 <= float(result.picture.min()) <= float(result.picture.max()) <= 1
    assert result.losses[-1][-1] < 0.9 * result.losses[0][0]


@pytest.mark.parametrize("loss", ["wasserstein", "sliced", "gram"])
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_reruns_are_bit_identical(encoder, loss, optimizer):
    settings = {"style_loss": loss, "optimizer": optimizer, "start": "noise", "seed": 3}
    assert torch.equal(run(encoder, **settings).picture, run(encoder, **settings).picture)


def test_auto_is_lbfgs_except_for_large_pictures_and_sampling(encoder, monkeypatch):
    def same(first, second):
        return torch.equal(run(encoder, **first).picture, run(encoder, **second).picture)

    assert same({}, {"optimizer": "lbfgs"})
    assert not same({}, {"optimizer": "adam"})
    assert same({"style_loss": "sliced"}, {"style_loss": "sliced", "optimizer": "adam"})
    monkeypatch.setattr(runner, "MAX_UNTILED_PIXELS", 0)
    assert same({"tile": 64}, {"tile": 64, "optimizer": "adam"})
    # The small scales by L-BFGS, the last one by Adam.
    monkeypatch.setattr(runner, "MAX_UNTILED_PIXELS", 36 * 48 - 1)
    mixed = run(encoder, tile=64)
    assert torch.isfinite(mixed.picture).all()
    for optimizer in ("adam", "lbfgs"):
        assert not torch.equal(mixed.picture, run(encoder, tile=64, optimizer=optimizer).picture)


def test_seed_changes_results_from_noise_only(encoder):
    contents = [run(encoder, start_noise=0.0, seed=seed).picture for seed in (1, 2)]
    assert torch.equal(*contents), "from the content alone nothing is random"
    for start in ("content", "noise"):
        assert not torch.equal(*(run(encoder, start=start, seed=seed).picture for seed in (1, 2)))


def test_start_picture_changes_the_result(encoder):
    assert not torch.equal(run(encoder, start_picture=picture(9)).picture, run(encoder).picture)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
@pytest.mark.parametrize("stop_after", [2, 6])
def test_resumed_transfer_equals_uninterrupted(encoder, tmp_path, optimizer, stop_after):
    uninterrupted = run(encoder, optimizer=optimizer)
    reports = []

    def stop(progress):
        reports.append(progress)
        return len(reports) < stop_after

    file = tmp_path / "checkpoint.pt"
    partial = run(encoder, optimizer=optimizer, on_progress=stop, checkpoint=file)
    assert partial.cancelled
    assert partial.picture.shape == uninterrupted.picture.shape
    resumed = run(encoder, optimizer=optimizer, checkpoint=file)
    assert torch.equal(resumed.picture, uninterrupted.picture)
    assert resumed.losses == uninterrupted.losses
    assert not file.exists(), "a finished transfer deletes its checkpoint"


def test_checkpoint_of_another_transfer_is_rejected(encoder, tmp_path):
    file = tmp_path / "checkpoint.pt"
    run(encoder, on_progress=lambda progress: False, checkpoint=file)
    with pytest.raises(SettingsError, match="another transfer"):
        run(encoder, content=picture(5), checkpoint=file)


def test_strength_zero_is_the_content_and_half_lies_between(encoder):
    content = picture(0)
    assert torch.equal(run(encoder, strength=0.0).picture, content)
    half, full = (run(encoder, strength=s, iterations=15, last_iterations=15).picture for s in (0.3, 1.0))
    assert float((half - content).abs().mean()) < float((full - content).abs().mean())


def test_style_equal_to_content_changes_little(encoder):
    # More positions than channels: the root of a rank-deficient covariance has an unstable gradient.
    grain = torch.rand(1, 3, 36, 48, generator=torch.Generator().manual_seed(5))
    content = 0.6 * picture(0) + 0.4 * grain
    layers = {"relu1_2": 1.0, "relu2_1": 1.0}
    settings = {
        "smoothness": 0.0,
        "detail": 1.0,
        "recolor": False,
        "style_layers": layers,
        "start_noise": 0.0,
    }
    result = run(encoder, [Style(content)], content, **settings).picture
    assert float((result - content).square().mean()) < 1e-4


def test_unstyled_region_keeps_its_pixels_exactly(encoder):
    mask = torch.zeros(1, 1, 36, 48)
    mask[..., 10:30, 16:40] = 1
    result = run(encoder, [Region("subject", mask), Region("background", None, [Style(picture(1))])]).picture
    unstyled = mask.bool().expand(-1, 3, -1, -1)
    assert torch.equal(result[unstyled], picture(0)[unstyled])
    assert float((result - picture(0))[~unstyled].abs().mean()) > 0.01


def test_each_region_moves_towards_its_own_style(encoder):
    red, blue = torch.zeros(1, 3, 40, 40), torch.zeros(1, 3, 40, 40)
    red[:, 0], blue[:, 2] = 0.9, 0.9
    noise = 0.1 * torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(1, 1, 36, 48)
    mask[..., :24] = 1
    regions = [Region("left", mask, [Style(red + noise)]), Region("right", 1 - mask, [Style(blue + noise)])]
    result = run(encoder, regions, iterations=25, last_iterations=25, content_weight=0.05, rate=0.05).picture
    left, right = result[..., :20].mean(dim=(0, 2, 3)), result[..., 28:].mean(dim=(0, 2, 3))
    assert left[0] > left[2] + 0.1
    assert right[2] > right[0] + 0.1


def test_two_styles_mix_by_weight(encoder):
    dark, light = torch.zeros(1, 3, 40, 40), torch.ones(1, 3, 40, 40)
    noise = 0.05 * torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    means = []
    for share in (0.1, 0.5, 0.9):
        styles = [Style(dark + noise, weight=1 - share), Style(light - noise, weight=share)]
        result = run(encoder, styles, iterations=20, last_iterations=20, content_weight=0.0, rate=0.05)
        means.append(float(result.picture.mean()))
    assert means[0] < means[1] < means[2]


def test_luminance_mode_preserves_the_contents_hues(encoder):
    content = picture(0)
    plain, luminance = run(encoder).picture, run(encoder, keep_color="luminance").picture

    def chroma_error(result):
        difference = result - content
        return float((difference - difference.mean(1, keepdim=True)).abs().mean())

    assert chroma_error(luminance) < 0.5 * chroma_error(plain)


def test_matched_color_moves_the_mean_towards_the_content(encoder):
    content = picture(0)
    style = Style(picture(1) * torch.tensor([1.0, 0.2, 0.1]).view(1, 3, 1, 1))
    settings = {"iterations": 15, "last_iterations": 15, "content_weight": 0.0}
    results = [run(encoder, [style], keep_color=mode, **settings).picture for mode in ("no", "match")]
    errors = [float((result - content).mean((2, 3)).abs().sum()) for result in results]
    assert errors[1] < 0.5 * errors[0]


def test_tiled_run_equals_untiled(encoder):
    content = picture(0, 120, 160)
    settings = {"size": 160, "first_size": 160, "last_iterations": 8}
    whole = run(encoder, content=content, **settings).picture
    tiled = run(encoder, content=content, tile=64, **settings).picture
    assert float((whole - tiled).abs().mean()) < 0.2 / 255


def test_progress_reports(encoder):
    reports = []
    run(encoder, on_progress=reports.append)
    assert len(reports) == 12
    assert [p.fraction for p in reports] == sorted(p.fraction for p in reports)
    assert reports[-1].fraction == pytest.approx(1)
    assert reports[-1].seconds_left == pytest.approx(0, abs=1e-6)
    assert (reports[-1].scale, reports[-1].scales) == (3, 3)
    assert reports[-1].preview().shape == (1, 3, 36, 48)


def test_scales_grow_by_root_two_up_to_the_requested_size():
    sizes = scale_sizes(300, 400, OptimizeSettings(size=512, first_size=128))
    assert sizes[-1] == (384, 512)
    assert sizes[0] == (96, 128)
    assert len(sizes) == 5
    assert scale_sizes(300, 400, OptimizeSettings(size=0))[-1] == (300, 400)
    assert scale_sizes(1, 20000, OptimizeSettings(size=0))[-1] == (1, 20000)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (7, 3)])
def test_tiny_and_thin_pictures_work(encoder, size):
    content = torch.full((1, 3, *size), 0.5)
    assert run(encoder, content=content, size=0).picture.shape == (1, 3, *size)


def test_style_scale_changes_the_result(encoder):
    style = [Style(picture(1, 96, 96))]
    assert not torch.equal(run(encoder, style).picture, run(encoder, style, style_scale=0.5).picture)


def test_bad_input_is_rejected(encoder):
    with pytest.raises(SettingsError, match="at least one style"):
        optimize(picture(0), [], QUICK, encoder=encoder)
    with pytest.raises(SettingsError, match="relu9_9"):
        run(encoder, style_layers={"relu9_9": 1.0})
    with pytest.raises(PictureError, match="shape"):
        run(encoder, content=torch.rand(3, 8, 8))
    with pytest.raises(PictureError, match="shape"):
        Style(torch.rand(1, 1, 8, 8))
    with pytest.raises(SettingsError, match="weight"):
        Style(picture(1), weight=-1)


def test_strokes_in_a_flat_area_do_not_repeat_the_edges_around_it():
    """Like the teeth of a comb: lines across the whole area, parallel to its edges."""
    height, width = 84, 112
    content = torch.tensor([0.6, 0.75, 0.9]).view(1, 3, 1, 1).expand(1, 3, height, width).clone()
    content[..., 30:, 64:96] = 0.2
    style = [Style(resize(photograph("flower").pixels, (96, 128)))]
    lines = []
    for start_noise in (0.0, OptimizeSettings().start_noise):
        settings = OptimizeSettings(size=width, start_noise=start_noise)
        sky = optimize(content, style, settings, encoder=load_encoder("small")).picture[..., 34:80, 4:56]
        detail = sky - torch.nn.functional.avg_pool2d(sky, 9, 1, 4, count_include_pad=False)
        lines.append(float((detail.mean(3).var() + detail.mean(2).var()) / detail.var()))
    assert lines[1] < 0.6 * lines[0], lines
    assert lines[1] < 0.3, lines
