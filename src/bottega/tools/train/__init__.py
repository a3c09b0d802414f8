"""The tool ``train``: networks and generators of the user's own."""
