"""Discriminators: of pixels, of a frozen encoder's features, and of several sizes at once."""
