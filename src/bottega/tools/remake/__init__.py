"""The tool ``remake``: runs the recipe inside a file again."""
