"""Measuring pictures: color, composition, texture and style as numbers, in closed form and differentiable."""

from bottega.personalize.analysis.analyze import analyze, analyze_condition, mean_condition
from bottega.personalize.analysis.style import embed_style, style_similarity

__all__ = ["analyze", "analyze_condition", "embed_style", "mean_condition", "style_similarity"]
