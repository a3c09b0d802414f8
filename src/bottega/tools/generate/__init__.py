"""The tool ``generate``: pictures from noise, one by one, as a sheet, or as a video."""
