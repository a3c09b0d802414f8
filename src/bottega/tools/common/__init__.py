"""What the tools share: base classes, progress, output paths, image sources, contact sheets, recipes."""
