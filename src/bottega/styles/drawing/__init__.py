"""What the styles share: canvas, noise, color, scenes, strokes, hatching, tiles, surfaces."""
