"""Style transfer by optimization: the reference method. ``settings`` imports no torch; the other modules do."""
