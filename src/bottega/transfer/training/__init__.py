"""Training networks that paint, on the artist's own styles and photographs.

``settings`` is light; everything else is imported from its file, as it needs torch.
"""
