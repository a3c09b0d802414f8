"""The tool ``generate``: drafts from noise, as pictures, as a sheet, or as a clip."""
