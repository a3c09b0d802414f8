"""Metrics of single pictures, of pairs and of whole sets; `bottega.evaluate` offers them all."""
