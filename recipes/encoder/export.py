"""From a training checkpoint to the file that ships: averaged, folded, normalized, half precision."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.encoders import VGGEncoder, normalize_activations
from bottega.training import PictureSet, load_checkpoint
from bottega.weights import save_file
from recipes.encoder.config import EncoderRecipe
from recipes.encoder.train import student_encoder


def export(recipe: EncoderRecipe, pictures: PictureSet, checkpoint: Path, target: Path) -> str:
    """Write the encoder of ``checkpoint`` to ``target`` (safetensors).

    Returns:
        The file's sha256.
    """
    encoder = averaged_encoder(recipe, checkpoint)
    normalize_activations(encoder, calibration(pictures))
    state = {name: tensor.half().contiguous() for name, tensor in encoder.state_dict().items()}
    configuration = {"architecture": "small", "widths": list(recipe.widths), "recipe": recipe.model_dump()}
    return save_file(target, state, configuration)


def averaged_encoder(recipe: EncoderRecipe, checkpoint: Path) -> VGGEncoder:
    """The moving average of the weights, batch norm folded into the convolutions."""
    average = load_checkpoint(checkpoint)["ema"]
    student = student_encoder(recipe)
    prefix = "encoder."
    student.load_state_dict(
        {name.removeprefix(prefix): value for name, value in average.items() if name.startswith(prefix)}
    )
    return student.eval().fold_batch_norm().eval()


def calibration(pictures: PictureSet, count: int = 96, side: int = 160) -> Tensor:
    """Center crops of ``count`` evenly chosen training pictures, for activation means.

    Returns:
        ``(N, 3, side, side)``; all pictures where there are fewer than ``count``.
    """
    count = min(count, len(pictures))
    crops = []
    for picture in (pictures[number * len(pictures) // count] for number in range(count)):
        short = min(picture.shape[-2:])
        top, left = (picture.shape[-2] - short) // 2, (picture.shape[-1] - short) // 2
        square = picture[None, :, top : top + short, left : left + short].float() / 255
        crops.append(F.interpolate(square, (side, side), mode="bilinear", antialias=short > side))
    return torch.cat(crops)
