"""Training of generators: settings and pictures in, a loop out."""

from bottega.generate.settings import ANSWERS, GanSettings
from bottega.generate.training.build import best_generator, last_generator, prepare
from bottega.generate.training.dataset import Material, load_material, read_material
from bottega.generate.training.gan_metrics import twins

__all__ = [
    "ANSWERS",
    "GanSettings",
    "Material",
    "best_generator",
    "last_generator",
    "load_material",
    "prepare",
    "read_material",
    "twins",
]
