"""The tool ``adjust``: a picture brought to a palette, a light, a composition, a texture."""
