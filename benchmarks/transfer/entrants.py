"""Who takes part: the methods with their sources, and those that are missing with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.transfer.methods import ITERATIONS, painter
from bottega import weights
from bottega.files import file_sha256

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Entrant:
    """One method of the comparison.

    Attributes:
        name: short, in JSON and file names.
        title: in tables and plots.
        strengths: at which it paints.
        source: what :func:`benchmarks.transfer.methods.painter` takes; none where it is missing.
        identity: what its pictures depend on; figures that were kept are used again where it is the same.
        most_pairs: it paints no more pairs than this; none is all.
        missing: why there is no source.
    """

    name: str
    title: str
    strengths: tuple[float, ...] = STRENGTHS
    source: str | None = None
    identity: str = ""
    most_pairs: int | None = None
    missing: str = ""


def entrants(
    micro: Path | None = None,
    microast: Path | None = None,
    adain: Path | None = None,
    optimize_pairs: int = 4,
    strengths: tuple[float, ...] = STRENGTHS,
) -> list[Entrant]:
    """All methods in the order of the tables.

    Networks without a file are taken from the packaged weights of their name, where there are such.

    Raises:
        WeightsError: a file is not there, damaged, or no network that paints in any style.
    """
    found = [
        Entrant("untouched", "content untouched", (0.0,), "untouched", "untouched"),
        Entrant("color", "colours only", strengths, "color", "color"),
        _network("adain", "AdaIN on the same encoder", adain, strengths),
        _network("microast", "MicroAST's shape, same training", microast, strengths),
        _network("micro", "micro (ours)", micro, strengths),
    ]
    title = f"optimisation, {ITERATIONS} iterations"
    if optimize_pairs > 0:
        identity = f"optimize {ITERATIONS} {weights.entry('small').sha256[:16]}"
        found.append(Entrant("optimize", title, strengths, "optimize", identity, optimize_pairs))
    else:
        found.append(Entrant("optimize", title, missing="left out (--optimize-pairs 0)"))
    return found


def _network(name: str, title: str, file: Path | None, strengths: tuple[float, ...]) -> Entrant:
    if file is not None:
        painter(file)  # a file that is none is refused now, not after an hour
        return Entrant(name, title, strengths, str(file), f"{_ways(name)} {file_sha256(file)[:16]}")
    known = {entry.name: entry for entry in weights.entries()}
    if name not in known:
        return Entrant(name, title, missing=f"none packaged, none given (--{name} FILE)")
    return Entrant(name, title, strengths, name, f"{_ways(name)} {known[name].sha256[:16]}")


def _ways(name: str) -> str:
    """What else a network's pictures depend on."""
    return "micro with marks" if name == "micro" else name
