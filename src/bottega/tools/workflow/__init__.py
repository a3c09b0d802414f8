"""The tool ``workflow``: from a folder of pictures to personalized drafts."""
