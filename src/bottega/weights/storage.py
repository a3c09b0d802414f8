"""Safetensors files: written completely or not at all, read with their configuration, hashed before use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import OutputError, WeightsError
from bottega.files import atomic_write, file_sha256

if TYPE_CHECKING:
    from torch import Tensor

CONFIGURATION = "configuration"  # the key in the safetensors header


def save_file(path: str | Path, state: Mapping[str, Tensor], configuration: Mapping[str, Any]) -> str:
    """Write weights with their configuration, completely or not at all.

    Args:
        path: ends in ``.safetensors``.
        state: tensors by name, of any device and type.
        configuration: what builds the network again (JSON values); it goes into the file's header.

    Returns:
        The sha256 of the file, which is the same for the same tensors and configuration.

    Raises:
        WeightsError: there are no tensors, or the configuration is not JSON.
        OutputError: the file cannot be written.
    """
    from safetensors.torch import save_file as write_safetensors

    target = Path(path)
    if target.suffix != ".safetensors":
        raise OutputError(f"{target}: weights are written as .safetensors only.")
    if not state:
        raise WeightsError(f"{target}: there are no tensors to save.")
    try:
        header = json.dumps(dict(configuration), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise WeightsError(f"{target}: the configuration cannot be written as JSON ({error}).") from None
    # Cloned, because safetensors rejects tensors that share memory (tied weights, views).
    tensors = {key: tensor.detach().cpu().contiguous().clone() for key, tensor in state.items()}
    with atomic_write(target) as temporary:
        # One key only: safetensors writes several in random order, and the same weights would differ in hash.
        write_safetensors(tensors, temporary, metadata={CONFIGURATION: header})
        return file_sha256(temporary)


def load_file(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and configuration of a safetensors file, without a check of its hash.

    Raises:
        WeightsError: the file is missing, truncated, or not safetensors.
    """
    from safetensors import SafetensorError, safe_open

    source = Path(path)
    try:
        with safe_open(source, framework="pt") as file:
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
            header = (file.metadata() or {}).get(CONFIGURATION, "{}")
        configuration = json.loads(header)
    except FileNotFoundError:
        raise WeightsError(f"{source} does not exist.") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"{source} is not a complete safetensors file ({error}).") from None
    return state, configuration


_hashes: dict[tuple[str, int, int, int], str] = {}


def require_hash(path: Path, sha256: str, *, remedy: str, again: bool = False) -> None:
    """Compare a file with its hash. An unchanged file is hashed only once per process.

    Args:
        remedy: what to do about an error, the end of its message.
        again: hash the file even if it seems unchanged.

    Raises:
        WeightsError: the file is missing or has another hash.
    """
    try:
        status = path.stat()
    except OSError as error:
        reason = (
            "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        )
        raise WeightsError(f"{path} {reason}; {remedy}.") from None
    key = (str(path), status.st_size, status.st_mtime_ns, status.st_ino)
    if again or key not in _hashes:
        _hashes[key] = file_sha256(path, WeightsError)
    if _hashes[key] != sha256:
        raise WeightsError(
            f"{path} is damaged or was changed: its sha256 is {_hashes[key][:12]}…, "
            f"expected is {sha256[:12]}…; {remedy}."
        )
