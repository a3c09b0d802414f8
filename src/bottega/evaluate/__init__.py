"""Measures, each an exact function; intervals by bootstrap."""

from bottega.evaluate.bootstrap import Interval, bootstrap_interval, bootstrap_intervals, mean
from bottega.evaluate.edges import edge_agreement
from bottega.evaluate.extractors import Extractor, extractor
from bottega.evaluate.feature_statistics import FeatureStatistics
from bottega.evaluate.fidelity import psnr, ssim
from bottega.evaluate.frechet import frechet_distance
from bottega.evaluate.kernel import kernel_distance, kid
from bottega.evaluate.ranking import auc, retrieval_ranks
from bottega.evaluate.style import MeasuredStyle, compare_styles, measure_style, style_distance, style_target
from bottega.evaluate.texture import TextureDistance, sliced_wasserstein

__all__ = [
    "Extractor",
    "FeatureStatistics",
    "Interval",
    "MeasuredStyle",
    "TextureDistance",
    "auc",
    "bootstrap_interval",
    "bootstrap_intervals",
    "compare_styles",
    "edge_agreement",
    "extractor",
    "frechet_distance",
    "kernel_distance",
    "kid",
    "mean",
    "measure_style",
    "psnr",
    "retrieval_ranks",
    "sliced_wasserstein",
    "ssim",
    "style_distance",
    "style_target",
]
