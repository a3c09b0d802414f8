"""The tool ``doctor``: what this machine has, what is intact, what is missing and how to get it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from bottega.environment import PREFIX, Environment, environment
from bottega.errors import BottegaError, MismatchError
from bottega.tools.common.optional_packages import extras
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Settings, Tool, ToolResult
from bottega.version import __version__


class DoctorSettings(Settings):
    """Nothing to set."""


@dataclass(frozen=True)
class DiagnosticRow:
    """One line of the report. ``state`` is "ok", "missing" (the text says how to get it) or "broken"."""

    topic: str
    state: str
    text: str


def _run(settings: DoctorSettings, reporter: ProgressReporter) -> ToolResult:
    from bottega import runtime

    checks = (_versions, _machine, _weights, _formats, _extras, _variables, _folders)
    diagnostics: list[DiagnosticRow] = []
    for index, check in enumerate(checks):
        reporter.progress(index / len(checks), check.__name__.strip("_"))
        diagnostics += check()
    rows = tuple({"": row.topic, "state": row.state, "what": row.text} for row in diagnostics)
    broken = [row.topic for row in diagnostics if row.state == "broken"]
    error = MismatchError(f"Broken: {', '.join(broken)}.") if broken else None
    summary = "" if broken else "Everything needed is installed."
    return ToolResult(summary, rows=rows, details={"machine": runtime.system_info()}, error=error)


def _versions() -> list[DiagnosticRow]:
    return [DiagnosticRow("bottega", "ok", __version__)]


def _machine() -> list[DiagnosticRow]:
    from bottega import runtime

    runtime.set_threads()
    info = runtime.system_info()
    memory = ", ".join(
        f"{info[key] / 2**30:.1f} GiB {label}"
        for key, label in (("memory", "built in"), ("memory_free", "free"))
        if info[key]
    )
    return [
        DiagnosticRow("torch", "ok", f"{info['torch']} on Python {info['python']}, {info['system']}"),
        DiagnosticRow("processor", "ok", f"{info['cpu']}, {', '.join(info['flags'])}"),
        DiagnosticRow("device", "ok", f"{info['device']}" + (f" ({info['gpu']})" if info["gpu"] else "")),
        DiagnosticRow("precision", "ok", info["precision"]),
        DiagnosticRow("threads", "ok", f"{info['threads']} of {info['cores']} cores"),
        DiagnosticRow("memory", "ok", memory or "not reported by this system"),
    ]


def _weights() -> list[DiagnosticRow]:
    from bottega import weights

    rows = []
    for entry in weights.entries():
        topic = f"weights {entry.name}"
        if not weights.is_installed(entry.name):
            text = f"not installed ({entry.size / 1e6:.0f} MB); bottega models pull {entry.name}"
            rows.append(DiagnosticRow(topic, "missing", text))
            continue
        try:
            weights.verify(entry.name)
            rows.append(DiagnosticRow(topic, "ok", f"verified, {entry.size / 1e6:.1f} MB, {entry.origin}"))
        except BottegaError as error:
            rows.append(DiagnosticRow(topic, "broken", str(error)))
    return rows


def _formats() -> list[DiagnosticRow]:
    import PIL
    from PIL import features

    names = {"jpg": "JPEG", "zlib": "PNG", "webp": "WebP", "libtiff": "TIFF (compressed)", "avif": "AVIF"}
    supported = [name for feature, name in names.items() if features.check(feature)]
    missing = [name for name in names.values() if name not in supported]
    rows = [DiagnosticRow("formats", "ok", f"{', '.join(supported)} by Pillow {PIL.__version__}")]
    if missing:
        text = f"{', '.join(missing)}: not in this build of Pillow; pip install --force-reinstall pillow"
        rows.append(DiagnosticRow("formats", "missing", text))
    if features.check("littlecms2"):
        return [*rows, DiagnosticRow("color", "ok", "ICC profiles are converted")]
    text = "Pillow has no LittleCMS: ICC profiles cannot be converted"
    return [*rows, DiagnosticRow("color", "missing", text)]


def _extras() -> list[DiagnosticRow]:
    return [
        DiagnosticRow(
            f"extra {extra.name}",
            "ok" if extra.complete else "missing",
            f"{extra.purpose} ({', '.join(extra.installed)})"
            if extra.complete
            else f"{extra.purpose}; {extra.command}",
        )
        for extra in extras()
    ]


def _variables() -> list[DiagnosticRow]:
    values = environment()
    # Only those that are set; the documentation lists them all.
    rows = [
        DiagnosticRow(PREFIX + name.upper(), "ok", str(getattr(values, name)))
        for name in Environment.model_fields
        if name in values.model_fields_set
    ]
    return rows or [DiagnosticRow("environment", "ok", f"no {PREFIX}… variable is set")]


def _folders() -> list[DiagnosticRow]:
    values = environment()
    return [
        _folder("folder of weights", values.home, PREFIX + "HOME"),
        _folder("cache", values.cache, PREFIX + "CACHE"),
    ]


def _folder(topic: str, folder: Path, variable: str) -> DiagnosticRow:
    """Whether the folder, or the nearest existing one above it, is writable; leaves no file behind."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return DiagnosticRow(
            topic, "broken", f"{folder} cannot be written ({reason}); set {variable} to another folder"
        )
    return DiagnosticRow(topic, "ok", f"{folder}, writable")


DOCTOR = Tool(
    name="doctor",
    summary="Check this machine and everything that Bottega needs.",
    settings=DoctorSettings,
    function=_run,
)
