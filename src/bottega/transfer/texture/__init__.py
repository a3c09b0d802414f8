"""Patch-based texture synthesis: strokes, hatching, dots and grain of the style image, put on another image.

A small network learns little more of a texture than its strength, so the texture itself is taken from the
style image: :mod:`.patches` stores it, :mod:`.synthesis` puts the patches that fit best on an image.
"""
