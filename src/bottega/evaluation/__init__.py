"""Image quality and set metrics, each an exact function, with confidence intervals."""

from bottega.evaluation.extractors import Extractor, extractor
from bottega.evaluation.metrics.bootstrap import (
    Interval,
    JackknifeEstimate,
    bootstrap_interval,
    bootstrap_intervals,
    jackknife,
)
from bottega.evaluation.metrics.color import ciede2000, color_accuracy, palette_distance, rgb_to_lab
from bottega.evaluation.metrics.diversity import cosine_similarity, mean_pairwise_distance, vendi_score
from bottega.evaluation.metrics.fid import FeatureStatistics, FidEstimate, fid, frechet_distance
from bottega.evaluation.metrics.kid import kernel_distance, kid
from bottega.evaluation.metrics.latency import Latency, measure_latency
from bottega.evaluation.metrics.patch_swd import (
    PatchSample,
    TextureDistance,
    sliced_wasserstein,
    sliced_wasserstein_sets,
)
from bottega.evaluation.metrics.perceptual import (
    StyleStatistics,
    compare_styles,
    measure_style,
    perceptual_distance,
    style_distance,
    style_target,
    style_variation,
    style_vectors,
)
from bottega.evaluation.metrics.personalization import personalization_match
from bottega.evaluation.metrics.precision_recall import Novelty, PrecisionRecall, novelty, precision_recall
from bottega.evaluation.metrics.psnr_ssim import ms_ssim, psnr, ssim
from bottega.evaluation.metrics.retrieval import retrieval_ranks
from bottega.evaluation.metrics.sharpness import edge_agreement, edge_width, laplacian_variance

__all__ = [
    "Extractor", "FeatureStatistics", "FidEstimate", "Interval", "JackknifeEstimate", "Latency", "Novelty",
    "PatchSample", "PrecisionRecall", "StyleStatistics", "TextureDistance", "bootstrap_interval",
    "bootstrap_intervals", "ciede2000", "color_accuracy", "compare_styles", "cosine_similarity",
    "edge_agreement", "edge_width", "extractor", "fid", "frechet_distance", "jackknife", "kernel_distance",
    "kid", "laplacian_variance", "mean_pairwise_distance", "measure_latency", "measure_style", "ms_ssim",
    "novelty", "palette_distance", "perceptual_distance", "personalization_match", "precision_recall",
    "psnr", "retrieval_ranks", "rgb_to_lab", "sliced_wasserstein", "sliced_wasserstein_sets", "ssim",
    "style_distance", "style_target", "style_variation", "style_vectors", "vendi_score",
]  # fmt: skip
