"""Pictures in and out: files, arrays, color profiles, orientation, alpha, recipes and contact sheets."""

from bottega.pictures.contact_sheet import contact_sheet
from bottega.pictures.convert import as_picture, load_mask
from bottega.pictures.load import load, photograph, read_recipe
from bottega.pictures.picture import Picture
from bottega.pictures.resize import fit, resize
from bottega.pictures.save import encode, save
from bottega.pictures.transparency import (
    check_mask_size,
    composite_on_white,
    fill_transparent,
    transparent_area,
    visible_mask,
)
from bottega.sample_images import PHOTOGRAPHS

__all__ = [
    "PHOTOGRAPHS",
    "Picture",
    "as_picture",
    "check_mask_size",
    "composite_on_white",
    "contact_sheet",
    "encode",
    "fill_transparent",
    "fit",
    "load",
    "load_mask",
    "photograph",
    "read_recipe",
    "resize",
    "save",
    "transparent_area",
    "visible_mask",
]
