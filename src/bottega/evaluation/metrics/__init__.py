"""Metrics of single pictures, of pairs and of whole sets; `bottega.evaluation` offers them all."""
