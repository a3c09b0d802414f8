"""Pictures in and out: files, arrays, colour profiles, orientation, alpha, recipes and contact sheets."""

from bottega.pictures.contact_sheet import contact_sheet
from bottega.pictures.convert import as_picture, load_mask
from bottega.pictures.load import load, photograph, read_recipe
from bottega.pictures.picture import Picture
from bottega.pictures.resize import fit, resize
from bottega.pictures.save import encode, save
from bottega.sample_images import PHOTOGRAPHS

__all__ = [
    "PHOTOGRAPHS",
    "Picture",
    "as_picture",
    "contact_sheet",
    "encode",
    "fit",
    "load",
    "load_mask",
    "photograph",
    "read_recipe",
    "resize",
    "save",
]
