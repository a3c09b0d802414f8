"""Style transfer: by optimization, by feed-forward networks, and of video."""
