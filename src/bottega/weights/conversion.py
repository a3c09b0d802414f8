"""Conversion of PyTorch files (``.pth``, ``.pt``) to safetensors; code inside them is never run."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import WeightsError
from bottega.files import check_local
from bottega.weights import storage

if TYPE_CHECKING:
    from torch import Tensor

PYTORCH_SUFFIXES = (".pth", ".pt")


def convert(source: str | Path, target: str | Path) -> str:
    """Write the tensors of a PyTorch file as safetensors; returns the sha256 of the new file.

    Args:
        source: ``.pth`` or ``.pt`` with a state dict (or one under ``"state_dict"``), or ``.safetensors``,
            whose configuration is kept.
        target: ends in ``.safetensors``; written completely or not at all.

    Raises:
        WeightsError: the source is missing, damaged, or holds code or anything else than tensors.
        OutputError: the target cannot be written.
    """
    return storage.save_file(target, *read_any(source))


def read_any(source: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and configuration of a PyTorch or safetensors file; errors as for :func:`convert`."""
    path = Path(source)
    if path.suffix == ".safetensors":
        return storage.load_file(path)
    if path.suffix not in PYTORCH_SUFFIXES:
        raise WeightsError(f"{path}: weights must end in {', '.join(PYTORCH_SUFFIXES)} or .safetensors.")
    if not path.is_file():
        check_local(path, WeightsError)
        raise WeightsError(f"{path} does not exist.")
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                raise WeightsError(
                    f"{path} is a TorchScript program, not weights; save its state_dict() instead."
                )
    return _state_dict(path, _unpickle(path)), {}


def _unpickle(path: Path) -> Any:
    import torch

    try:
        with warnings.catch_warnings():
            # Deprecation warnings about old torch storages are of no use to the user.
            warnings.simplefilter("ignore")
            # weights_only reads tensors and plain containers and calls nothing that the file names.
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise WeightsError(
            f"{path} is damaged, or holds program code beside tensors, which is never run; "
            "ask its author for a plain state dict."
        ) from None
    except Exception as error:  # noqa: BLE001 - torch raises nearly any type on a damaged file
        raise WeightsError(f"{path} is not a complete PyTorch file ({type(error).__name__}).") from None


def _state_dict(path: Path, content: Any) -> dict[str, Tensor]:
    import torch

    state = content.get("state_dict", content) if isinstance(content, Mapping) else None
    if not isinstance(state, Mapping) or not state:
        raise WeightsError(f"{path} has no state dict (tensors by name), but {_describe(content)}.")
    for key, value in state.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            raise WeightsError(
                f"{path} is not a plain state dict: {key!r} is {_describe(value)} instead of a tensor."
            )
        if value.layout != torch.strided or value.is_quantized:
            raise WeightsError(
                f"{path}: {key!r} is sparse or quantized; only ordinary tensors are converted."
            )
    return dict(state)


def _describe(value: Any) -> str:
    kind = type(value).__name__
    return f"an empty {kind}" if isinstance(value, Mapping | list | tuple) and not value else f"a {kind}"
