"""Style transfer by optimization: the reference method. Only ``settings`` works without torch."""
