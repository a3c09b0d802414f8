"""Training of generators: settings and pictures in, a loop out."""

from bottega.generate.training.material import Material, load_material, read_material
from bottega.generate.training.prepare import best_generator, prepare
from bottega.generate.training.settings import ANSWERS, GanSettings

__all__ = [
    "ANSWERS",
    "GanSettings",
    "Material",
    "best_generator",
    "load_material",
    "prepare",
    "read_material",
]
