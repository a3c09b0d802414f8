"""Measuring pictures: color, composition, texture and style as numbers; differentiable but for style."""
