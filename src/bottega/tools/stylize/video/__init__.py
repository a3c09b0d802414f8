"""``stylize`` for what moves: films, animations, folders of frames."""
