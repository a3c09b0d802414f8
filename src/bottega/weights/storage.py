"""Safetensors files: written whole or not at all, read with their configuration, hashed before use."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import OutputError, WeightsError

if TYPE_CHECKING:
    from torch import Tensor

CONFIGURATION = "configuration"  # the key in the safetensors header


def save(path: str | Path, state: Mapping[str, Tensor], configuration: Mapping[str, Any]) -> str:
    """Write weights with their configuration; the file appears whole or not at all.

    Args:
        path: ends in ``.safetensors``.
        state: tensors by name, of any device and type.
        configuration: whatever builds the network again (JSON values); it goes into the file's header.

    Returns:
        The sha256 of the file, which is the same for the same tensors and configuration.

    Raises:
        WeightsError: there is nothing to save, or the configuration is not JSON.
        OutputError: the file cannot be written there.
    """
    from safetensors.torch import save_file

    target = Path(path)
    if target.suffix != ".safetensors":
        raise OutputError(f"{target}: weights are written as .safetensors only.")
    if not state:
        raise WeightsError(f"{target}: there is no tensor to save.")
    try:
        header = json.dumps(dict(configuration), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise WeightsError(f"{target}: the configuration cannot be written as JSON ({error}).") from None
    # Cloned, because safetensors refuses tensors that share memory (tied weights, views).
    tensors = {key: tensor.detach().cpu().contiguous().clone() for key, tensor in state.items()}
    with atomic(target) as temporary:
        # One key only: safetensors writes several in random order, and the same weights would differ in hash.
        save_file(tensors, temporary, metadata={CONFIGURATION: header})
        return sha256_of(temporary)


def read(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and configuration of a safetensors file; compares no hash (:func:`bottega.weights.load` does).

    Raises:
        WeightsError: the file is missing, cut, or not safetensors.
    """
    from safetensors import SafetensorError, safe_open

    source = Path(path)
    try:
        with safe_open(source, framework="pt") as file:
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
            header = (file.metadata() or {}).get(CONFIGURATION, "{}")
        configuration = json.loads(header)
    except FileNotFoundError:
        raise WeightsError(f"{source}: there is no such file.") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"{source}: not a whole safetensors file ({error}).") from None
    return state, configuration


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_known: dict[tuple[str, int, int, int], str] = {}


def require_hash(path: Path, sha256: str, *, remedy: str, again: bool = False) -> None:
    """Compare a file with its hash. A file that did not change since is not read twice in one process.

    Args:
        remedy: the end of the error's sentence: what to do about it.
        again: read the file even if it seems unchanged.

    Raises:
        WeightsError: the file is missing or has another hash.
    """
    try:
        facts = path.stat()
        key = (str(path), facts.st_size, facts.st_mtime_ns, facts.st_ino)
        if again or key not in _known:
            _known[key] = sha256_of(path)
    except FileNotFoundError:
        raise WeightsError(f"{path} is missing; {remedy}.") from None
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}); {remedy}.") from None
    if _known[key] != sha256:
        raise WeightsError(
            f"{path} is damaged or was changed: its sha256 is {_known[key][:12]}…, "
            f"where {sha256[:12]}… is right; {remedy}."
        )


@contextmanager
def atomic(target: Path) -> Iterator[Path]:
    """A temporary neighbour of ``target``; flushed to disk and renamed over it when the block succeeds.

    Raises:
        OutputError: the folder cannot be made or written, or the disk is full.
    """
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
        os.close(handle)
        temporary = Path(name)
        yield temporary
        flush_to_disk(temporary)
        # mkstemp makes files private; weights are to be readable like any other file.
        temporary.chmod(0o644)
        temporary.replace(target)
    except OSError as error:
        # Errors of our own are also OSErrors at times, and already say what is wrong.
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{target} cannot be written: {error.strerror or error}.") from None
    finally:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()


def flush_to_disk(path: Path) -> None:
    """Wait until the file's bytes are on the disk, so that a rename cannot outrun them."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
