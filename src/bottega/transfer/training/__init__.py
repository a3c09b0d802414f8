"""Training of style networks on given styles and photographs. Only ``settings`` works without torch."""
