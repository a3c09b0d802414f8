"""The tool ``doctor``: what this machine has, what is whole, what is missing and how to get it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bottega.environment import PREFIX, Environment, environment
from bottega.errors import BottegaError, MismatchError
from bottega.tools.common.optional_packages import extras
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Settings, Tool, ToolResult
from bottega.version import __version__


class DoctorSettings(Settings):
    """Nothing to set."""


@dataclass(frozen=True)
class Finding:
    """One line of the report. ``state`` is "ok", "missing" (and how to get it) or "broken"."""

    topic: str
    state: str
    what: str


def _run(settings: DoctorSettings, report: ProgressReporter) -> ToolResult:
    findings = []
    checks = (_versions, _machine, _weights, _formats, _extras, _variables, _folders)
    for number, check in enumerate(checks):
        report.progress(number / len(checks), check.__name__.strip("_"))
        findings += check()
    broken = [finding for finding in findings if finding.state == "broken"]
    rows = tuple({"": f.topic, "state": f.state, "what": f.what} for f in findings)
    error = MismatchError(f"Broken: {', '.join(f.topic for f in broken)}.") if broken else None
    summary = "" if broken else "Everything needed is here."
    return ToolResult(summary, rows=rows, details={"machine": _machine_facts()}, error=error)


def _versions() -> list[Finding]:
    return [Finding("bottega", "ok", __version__)]


def _machine_facts() -> dict[str, Any]:
    from bottega import runtime

    return runtime.system_info()


def _machine() -> list[Finding]:
    from bottega import runtime

    runtime.set_threads()
    facts = _machine_facts()
    memory = ", ".join(
        f"{_gigabytes(facts[key])} {word}"
        for key, word in (("memory", "built in"), ("memory_free", "free"))
        if facts[key]
    )
    return [
        Finding("torch", "ok", f"{facts['torch']} on Python {facts['python']}, {facts['system']}"),
        Finding("processor", "ok", f"{facts['cpu']}, {', '.join(facts['flags'])}"),
        Finding("device", "ok", f"{facts['device']}" + (f" ({facts['gpu']})" if facts["gpu"] else "")),
        Finding("precision", "ok", facts["precision"]),
        Finding("threads", "ok", f"{facts['threads']} of {facts['cores']} cores"),
        Finding("memory", "ok", memory or "this system does not tell"),
    ]


def _gigabytes(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"


def _weights() -> list[Finding]:
    from bottega import weights

    findings = []
    for entry in weights.entries():
        topic = f"weights {entry.name}"
        if not weights.is_here(entry.name):
            get = f"not here ({entry.size / 1e6:.0f} MB); bottega models pull {entry.name}"
            findings.append(Finding(topic, "missing", get))
            continue
        try:
            weights.verify(entry.name)
            findings.append(Finding(topic, "ok", f"verified, {entry.size / 1e6:.1f} MB, {entry.shelf}"))
        except BottegaError as error:
            findings.append(Finding(topic, "broken", str(error)))
    return findings


def _formats() -> list[Finding]:
    import PIL
    from PIL import features

    names = {"jpg": "JPEG", "zlib": "PNG", "webp": "WebP", "libtiff": "TIFF (compressed)", "avif": "AVIF"}
    here = [name for feature, name in names.items() if features.check(feature)]
    gone = [name for name in names.values() if name not in here]
    findings = [Finding("formats", "ok", f"{', '.join(here)} by Pillow {PIL.__version__}")]
    if gone:
        how = f"{', '.join(gone)}: not in this build of Pillow; pip install --force-reinstall pillow"
        findings.append(Finding("formats", "missing", how))
    colour = features.check("littlecms2")
    what = (
        "ICC profiles are converted" if colour else "no LittleCMS in Pillow: ICC profiles cannot be converted"
    )
    return [*findings, Finding("colour", "ok" if colour else "missing", what)]


def _extras() -> list[Finding]:
    return [
        Finding(
            f"extra {extra.name}",
            "ok" if extra.complete else "missing",
            f"{extra.purpose} ({', '.join(extra.here)})"
            if extra.complete
            else f"{extra.purpose}; {extra.command}",
        )
        for extra in extras()
    ]


def _variables() -> list[Finding]:
    values = environment()
    # Only those in force; the documentation lists them all.
    findings = [
        Finding(PREFIX + name.upper(), "ok", str(getattr(values, name)))
        for name in Environment.model_fields
        if name in values.model_fields_set
    ]
    return findings or [Finding("environment", "ok", f"no {PREFIX}… variable is set")]


def _folders() -> list[Finding]:
    values = environment()
    return [
        _folder("folder of weights", values.home, PREFIX + "HOME"),
        _folder("cache", values.cache, PREFIX + "CACHE"),
    ]


def _folder(topic: str, folder: Path, variable: str) -> Finding:
    """Whether the folder, or the nearest one above that exists, takes files; nothing is left behind."""
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return Finding(
            topic, "broken", f"{folder} cannot be written ({reason}); set {variable} to another folder"
        )
    return Finding(topic, "ok", f"{folder}, writable")


DOCTOR = Tool(
    name="doctor",
    summary="Check this machine and everything that Bottega needs.",
    settings=DoctorSettings,
    function=_run,
)
