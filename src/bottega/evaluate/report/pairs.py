"""Pictures that belong together by their names: results beside what they should equal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bottega.encoders import Encoder
from bottega.evaluate.extractors import Extractor
from bottega.evaluate.metrics.bootstrap import bootstrap_interval
from bottega.evaluate.metrics.diversity import cosine_similarity
from bottega.evaluate.metrics.edges import edge_agreement
from bottega.evaluate.metrics.ms_ssim import ms_ssim
from bottega.evaluate.metrics.perceptual import perceptual_distance
from bottega.evaluate.metrics.psnr_ssim import psnr, ssim
from bottega.evaluate.report.metric_rows import NAN, Figure
from bottega.pictures import load, resize

FINITE = 100.0  # decibels that stand for equal pictures, whose ratio is infinite


def pairs_by_name(results: Sequence[Path], reference: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Files with the same name but for the ending; names that occur twice in a set are left out."""
    ours, theirs = _by_stem(results), _by_stem(reference)
    return [(ours[stem], theirs[stem]) for stem in ours if stem in theirs]


def likeness(
    pairs: Sequence[tuple[Path, Path]], encoder: Encoder, extractor: Extractor, *, seed: int = 0
) -> list[Figure]:
    """Means over pairs, with intervals; a result of another size is brought to that of its reference."""
    found: dict[str, list[float]] = {}
    lpips = f"perceptual distance[{encoder.name}]"
    for ours, theirs in pairs:
        wanted = load(theirs).pixels
        picture = resize(load(ours).pixels, (wanted.shape[-2], wanted.shape[-1]))
        values = {
            "SSIM": ssim(picture, wanted),
            "MS-SSIM": ms_ssim(picture, wanted),
            "PSNR (dB)": min(psnr(picture, wanted), FINITE),
            lpips: perceptual_distance(encoder, picture, wanted).item(),
            "edge agreement": edge_agreement(picture, wanted),
            f"cosine[{extractor.name}]": cosine_similarity(extractor(picture), extractor(wanted)).item(),
        }
        for name, value in values.items():
            found.setdefault(name, []).append(value)
    says = {
        "SSIM": "structural similarity, 1 for equal pictures",
        "MS-SSIM": "the same at several scales",
        "PSNR (dB)": "peak signal-to-noise ratio",
        lpips: "LPIPS-type distance, 0 for equal pictures",
        "edge agreement": "whether edges run as they ran, -1 to 1",
    }
    return [
        Figure(
            name,
            bootstrap_interval(np.array(values), seed=seed),
            NAN,
            "lower" if name == lpips else "higher",
            says.get(name, "cosine similarity of the features"),
        )
        for name, values in found.items()
    ]


def _by_stem(files: Sequence[Path]) -> dict[str, Path]:
    stems = [file.stem for file in files]
    return {file.stem: file for file in files if stems.count(file.stem) == 1}
