"""The encoder of the style measure, which no training of the networks used."""

from __future__ import annotations

from pathlib import Path

from benchmarks.encoders.candidates import data_dependent_init, trained_encoder
from benchmarks.encoders.inputs import calibration_photographs
from bottega import weights
from bottega.encoders import Encoder, VGGEncoder, build_encoder
from bottega.files import file_sha256

CALIBRATION, CALIBRATION_SIDE = 8, 96


def load_reference_encoder(name: str, data: Path) -> Encoder:
    """The encoder.

    Args:
        name: of weights, or a ``.safetensors`` file; empty builds the shape of ``small`` with data-dependent
            random weights. Of the untrained networks these separate painters best
            (``benchmarks/encoders/results``).
        data: the picture collection, whose training photographs the random weights are scaled on.

    Raises:
        WeightsError: unknown, damaged, or not a plain stack of convolutions.
    """
    if name:
        return trained_encoder(name)
    encoder = build_encoder("small")
    assert isinstance(encoder, VGGEncoder)
    photographs = calibration_photographs(data, CALIBRATION, CALIBRATION_SIDE)
    return data_dependent_init(encoder, photographs).frozen()


def reference_encoder_title(name: str) -> str:
    """Its name in tables and saved scores.

    Raises:
        WeightsError: the weights are missing.
    """
    if not name:
        return "small's shape, data-dependent random weights"
    file = Path(name) if name.endswith(".safetensors") else weights.path(name)
    return f"{file.name} {file_sha256(file)[:16]}"
