"""Measures, each an exact function; intervals by bootstrap."""

from bottega.evaluate.bootstrap import Interval, bootstrap_interval, bootstrap_intervals, mean
from bottega.evaluate.ciede2000 import ciede2000, rgb_to_lab
from bottega.evaluate.consistency import style_scatter, style_vectors
from bottega.evaluate.diversity import cosine_similarity, mean_pairwise_distance, vendi_score
from bottega.evaluate.edges import edge_agreement
from bottega.evaluate.extractors import Extractor, extractor
from bottega.evaluate.feature_statistics import FeatureStatistics
from bottega.evaluate.fidelity import psnr, ssim
from bottega.evaluate.frechet import FrechetEstimate, fid, frechet_distance
from bottega.evaluate.jackknife import Jackknifed, jackknife
from bottega.evaluate.kernel import kernel_distance, kid
from bottega.evaluate.language import bleu4, picture_text_agreement
from bottega.evaluate.matching import personalisation_match
from bottega.evaluate.multiscale import ms_ssim
from bottega.evaluate.neighbours import Novelty, PrecisionRecall, novelty, precision_recall
from bottega.evaluate.palettes import Palette, color_accuracy, palette, palette_distance, palette_of
from bottega.evaluate.perceptual import perceptual_distance
from bottega.evaluate.ranking import auc, retrieval_ranks
from bottega.evaluate.response import ResponseTime, response_time
from bottega.evaluate.set_texture import PatchSample, sliced_wasserstein_sets
from bottega.evaluate.sharpness import edge_width, laplacian_variance
from bottega.evaluate.style import MeasuredStyle, compare_styles, measure_style, style_distance, style_target
from bottega.evaluate.texture import TextureDistance, sliced_wasserstein

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
    "bleu4",
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
    "picture_text_agreement",
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
