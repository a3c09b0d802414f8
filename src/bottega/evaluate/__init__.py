"""Measures, each an exact function; intervals by bootstrap."""

from bottega.evaluate.extractors import Extractor, extractor
from bottega.evaluate.metrics.bootstrap import Interval, bootstrap_interval, bootstrap_intervals, mean
from bottega.evaluate.metrics.color import ciede2000, rgb_to_lab
from bottega.evaluate.metrics.diversity import cosine_similarity, mean_pairwise_distance, vendi_score
from bottega.evaluate.metrics.edges import edge_agreement
from bottega.evaluate.metrics.features import FeatureStatistics
from bottega.evaluate.metrics.fid import FrechetEstimate, fid, frechet_distance
from bottega.evaluate.metrics.jackknife import Jackknifed, jackknife
from bottega.evaluate.metrics.kid import kernel_distance, kid
from bottega.evaluate.metrics.latency import ResponseTime, response_time
from bottega.evaluate.metrics.ms_ssim import ms_ssim
from bottega.evaluate.metrics.patch_swd import TextureDistance, sliced_wasserstein
from bottega.evaluate.metrics.perceptual import perceptual_distance
from bottega.evaluate.metrics.personalization import personalisation_match
from bottega.evaluate.metrics.precision_recall import Novelty, PrecisionRecall, novelty, precision_recall
from bottega.evaluate.metrics.psnr_ssim import psnr, ssim
from bottega.evaluate.metrics.retrieval import auc, retrieval_ranks
from bottega.evaluate.metrics.set_texture import PatchSample, sliced_wasserstein_sets
from bottega.evaluate.metrics.sharpness import edge_width, laplacian_variance
from bottega.evaluate.metrics.style_distance import (
    MeasuredStyle,
    compare_styles,
    measure_style,
    style_distance,
    style_target,
)
from bottega.evaluate.metrics.style_scatter import style_scatter, style_vectors
from bottega.evaluate.palettes import Palette, color_accuracy, palette, palette_distance, palette_of

__all__ = [
    "Extractor",
    "FeatureStatistics",
    "FrechetEstimate",
    "Interval",
    "Jackknifed",
    "MeasuredStyle",
    "Novelty",
    "Palette",
    "PatchSample",
    "PrecisionRecall",
    "ResponseTime",
    "TextureDistance",
    "auc",
    "bootstrap_interval",
    "bootstrap_intervals",
    "ciede2000",
    "color_accuracy",
    "compare_styles",
    "cosine_similarity",
    "edge_agreement",
    "edge_width",
    "extractor",
    "fid",
    "frechet_distance",
    "jackknife",
    "kernel_distance",
    "kid",
    "laplacian_variance",
    "mean",
    "mean_pairwise_distance",
    "measure_style",
    "ms_ssim",
    "novelty",
    "palette",
    "palette_distance",
    "palette_of",
    "perceptual_distance",
    "personalisation_match",
    "precision_recall",
    "psnr",
    "response_time",
    "retrieval_ranks",
    "rgb_to_lab",
    "sliced_wasserstein",
    "sliced_wasserstein_sets",
    "ssim",
    "style_distance",
    "style_scatter",
    "style_target",
    "style_vectors",
    "vendi_score",
]
