"""The compared methods: their sources, or the reason why they are missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.transfer.methods import ITERATIONS, load_method
from bottega import weights
from bottega.files import file_sha256

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Candidate:
    """One method of the comparison.

    Attributes:
        name: short, in JSON and file names.
        title: in tables and plots.
        strengths: at which it runs.
        source: for :func:`benchmarks.transfer.methods.load_method`; None where it is missing.
        identity: what its pictures depend on; saved scores are reused where it is the same.
        max_pairs: maximum number of pairs; None is all.
        missing: why there is no source.
    """

    name: str
    title: str
    strengths: tuple[float, ...] = STRENGTHS
    source: str | None = None
    identity: str = ""
    max_pairs: int | None = None
    missing: str = ""


def list_candidates(
    micro: Path | None = None,
    microast: Path | None = None,
    adain: Path | None = None,
    optimize_pairs: int = 4,
    strengths: tuple[float, ...] = STRENGTHS,
) -> list[Candidate]:
    """All methods in the order of the tables.

    Networks without a file use the packaged weights of their name, if there are any.

    Raises:
        WeightsError: a file is missing, damaged, or not an arbitrary-style network.
    """
    candidates = [
        Candidate("untouched", "content untouched", (0.0,), "untouched", "untouched"),
        Candidate("color", "colors only", strengths, "color", "color"),
        _network("adain", "AdaIN on the same encoder", adain, strengths),
        _network("microast", "MicroAST's shape, same training", microast, strengths),
        _network("micro", "micro (ours)", micro, strengths),
    ]
    title = f"optimization, {ITERATIONS} iterations"
    if optimize_pairs > 0:
        identity = f"optimize {ITERATIONS} {weights.entry('small').sha256[:16]}"
        candidates.append(Candidate("optimize", title, strengths, "optimize", identity, optimize_pairs))
    else:
        candidates.append(Candidate("optimize", title, missing="left out (--optimize-pairs 0)"))
    return candidates


def _network(name: str, title: str, file: Path | None, strengths: tuple[float, ...]) -> Candidate:
    if file is not None:
        load_method(file)  # an invalid file is refused now, not after an hour
        return Candidate(
            name, title, strengths, str(file), f"{_method_version(name)} {file_sha256(file)[:16]}"
        )
    entries = {entry.name: entry for entry in weights.entries()}
    if name not in entries:
        return Candidate(name, title, missing=f"not packaged, and no file given (--{name} FILE)")
    return Candidate(name, title, strengths, name, f"{_method_version(name)} {entries[name].sha256[:16]}")


def _method_version(name: str) -> str:
    """The version of a method, which its pictures depend on besides the weights."""
    return "micro with texture" if name == "micro" else name
