"""The tool ``workflow``: from a folder of pictures to adjusted pictures of a new generator."""
