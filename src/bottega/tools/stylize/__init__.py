"""The tool ``stylize``: pictures, folders of pictures and videos in the style of other pictures."""
