"""What the painters share: canvas, noise, colour, scenes, strokes, hatching, light. One module per craft."""
