"""Foreign weights (``.pth``, ``.pt``, ``.safetensors``) become safetensors; nothing in them is ever run."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import WeightsError
from bottega.weights import storage

if TYPE_CHECKING:
    from torch import Tensor

FOREIGN = (".pth", ".pt")


def convert(source: str | Path, target: str | Path, *, configuration: Mapping[str, Any] | None = None) -> str:
    """Write the tensors of a foreign file as safetensors; returns the sha256 of the new file.

    Args:
        source: ``.pth`` or ``.pt`` with a state dict (or one under ``"state_dict"``), or ``.safetensors``.
        target: ends in ``.safetensors``; written whole or not at all.
        configuration: goes into the header; ``None`` keeps what a safetensors source carries.

    Raises:
        WeightsError: the source is missing, damaged, holds code, or holds something else than tensors.
        OutputError: the target cannot be written.
    """
    state, carried = read_any(source)
    return storage.save(target, state, carried if configuration is None else configuration)


def read_any(source: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and configuration of a foreign or safetensors file; errors as for :func:`convert`."""
    path = Path(source)
    if path.suffix == ".safetensors":
        return storage.read(path)
    if path.suffix not in FOREIGN:
        raise WeightsError(f"{path}: weights come as {', '.join(FOREIGN)} or .safetensors.")
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such file.")
    _refuse_torchscript(path)
    return _tensors(path, _unpickle(path)), {}


def _refuse_torchscript(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        if any(name.endswith("/constants.pkl") for name in archive.namelist()):
            raise WeightsError(
                f"{path}: this is a TorchScript program, not weights; save its state_dict() instead."
            )


def _unpickle(path: Path) -> Any:
    import torch

    try:
        with warnings.catch_warnings():
            # Old torch storages are announced as deprecated, which the artist can do nothing about.
            warnings.simplefilter("ignore")
            # weights_only reads tensors and plain containers and calls nothing that the file names.
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise WeightsError(
            f"{path}: this file is damaged, or holds program code beside tensors, which is never run; "
            "ask its maker for a plain state dict."
        ) from None
    except Exception as error:  # noqa: BLE001 - torch raises nearly any type on a damaged file
        raise WeightsError(f"{path}: not a whole PyTorch file ({type(error).__name__}).") from None


def _tensors(path: Path, payload: Any) -> dict[str, Tensor]:
    import torch

    state = payload.get("state_dict", payload) if isinstance(payload, Mapping) else None
    if not isinstance(state, Mapping) or not state:
        raise WeightsError(f"{path}: no state dict in it (tensors by name), but {_described(payload)}.")
    for key, value in state.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            raise WeightsError(
                f"{path}: not a plain state dict: {key!r} is {_described(value)}, where a tensor is expected."
            )
        if value.layout != torch.strided or value.is_quantized:
            raise WeightsError(
                f"{path}: {key!r} is sparse or quantised; only ordinary tensors are converted."
            )
    return dict(state)


def _described(value: Any) -> str:
    kind = type(value).__name__
    return f"an empty {kind}" if isinstance(value, Mapping | list | tuple) and not value else f"a {kind}"
