"""``stylize`` for videos: video files, animations, folders of frames and streams of frames."""
