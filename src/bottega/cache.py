"""Files that can be made again, in the cache folder: found by what they depend on, bounded in size.

Several processes may read and write at the same time: files are complete or not there, and one that another
process has deleted is made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from bottega.environment import environment
from bottega.errors import OutputError
from bottega.files import write_file

MAX_FOLDER_BYTES = 256 * 2**20
"""Of each folder in the cache; the files that were not used for the longest time are deleted."""
_DIGEST_BYTES = 32


def cached(folder: str, key: object, create: Callable[[], bytes]) -> bytes:
    """The content of a cached file; created, and written if that is possible, where it is missing or damaged.

    Args:
        folder: in the cache folder.
        key: all that the content depends on besides the code of this package; its ``repr`` counts.
        create: makes the content.
    """
    name = hashlib.sha256(f"{_code_version()} {key!r}".encode()).hexdigest()[:40]
    path = environment().cache / folder / name
    content = _read(path)
    if content is None:
        content = create()
        with contextlib.suppress(OutputError):  # a full disk or a read-only folder: only slower
            write_file(path, hashlib.sha256(content).digest() + content, is_result=False)
            _delete_oldest(path.parent)
    return content


def _read(path: Path) -> bytes | None:
    """The content of a file, None if it is missing or damaged; the file counts as used now."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(data[_DIGEST_BYTES:]).digest() != data[:_DIGEST_BYTES]:
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return data[_DIGEST_BYTES:]


def _delete_oldest(folder: Path) -> None:
    files = []
    for path in folder.iterdir():
        with contextlib.suppress(OSError):  # deleted by another process
            status = path.stat()
            files.append((status.st_mtime_ns, status.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= MAX_FOLDER_BYTES:
            return
        with contextlib.suppress(OSError):
            path.unlink()
            total -= size


@cache
def _code_version() -> str:
    """Names, sizes and times of the package's modules: content that other code made is not used."""
    root = Path(__file__).parent
    digest = hashlib.sha256(str(root).encode())
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(name for name in names if name.endswith(".py")):
            status = os.stat(os.path.join(folder, name))
            digest.update(f"{folder}/{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
