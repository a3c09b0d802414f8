"""Training of generators: settings and pictures in, a trainer out.

>>> dataset = load_dataset_folder(Path("pictures"), settings.size)
>>> trainer = build_trainer(settings, dataset, Path("run"))
>>> trainer.train()
>>> generator, metrics = best_generator(trainer)
"""

from bottega.generation.settings import CHANGEABLE_ON_RESUME, GanSettings
from bottega.generation.training.build_trainer import (
    best_generator,
    build_trainer,
    last_generator,
    sample_grid,
)
from bottega.generation.training.dataset import ImageDataset, load_dataset, load_dataset_folder
from bottega.generation.training.gan_metrics import NearestImages, nearest_training_images

__all__ = [
    "CHANGEABLE_ON_RESUME",
    "GanSettings",
    "ImageDataset",
    "NearestImages",
    "best_generator",
    "build_trainer",
    "last_generator",
    "load_dataset",
    "load_dataset_folder",
    "nearest_training_images",
    "sample_grid",
]
