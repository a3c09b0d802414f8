"""The tool ``choose``: sheets to pick from, and what is learned from the picks."""
