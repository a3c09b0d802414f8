"""Every command and every Python block of the documentation runs; pages are readable as source."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bottega.cli import main
from recipes.gallery import SOURCES
from tests.docs.documents import PAGES, ROOT, Block, blocks, commands, inline_commands, write_example_files

SMALLER = {
    "--minutes": "0.02",
    "--size": "64",
    "--iterations": "2",
    "--last-iterations": "2",
    "--count": "9",
    "--walk": "1",
    "--samples": "8",
    "--project-steps": "2",
}
"""Values that examples name for real work, and what takes their place here."""

GAN_WORK = {"--size": "32", "--validation-samples": "16"}
COMMAND_WORK = {
    "stylize": {"--size": "64"},
    "styles": {"--size": "64"},
    "train gan": GAN_WORK,
    "workflow": GAN_WORK,
}
"""Options that a command gets here in any case."""

NEEDS_NETWORK = ("models pull",)
"""Commands that download: only their answer without a network is tested."""

WEIGHTS_ERROR = 5


def smaller(arguments: list[str]) -> list[str]:
    """The same command on less work."""
    work = next(
        (work for name, work in COMMAND_WORK.items() if " ".join(arguments).startswith(name + " ")), {}
    )
    limits = SMALLER | work
    result = list(arguments)
    for index, argument in enumerate(arguments[:-1]):
        if argument in limits:
            result[index + 1] = min(arguments[index + 1], limits[argument], key=float)
    return result + [text for option in work.items() if option[0] not in arguments for text in option]


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_examples_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("av", reason="the video extra is not installed")
    examples: list[Block | list[str]] = list(blocks(page))
    if page.name == "README.md":
        examples += inline_commands(page)
    if not any(isinstance(e, list) or e.language == "python" or commands(e.text) for e in examples):
        pytest.skip("no examples")
    write_example_files(tmp_path)
    if page.name == "gallery.md":
        for name in SOURCES:
            shutil.copy(page.parent / "gallery" / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOTTEGA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BOTTEGA_OFFLINE", "1")
    namespace: dict[str, object] = {}
    for example in examples:
        if isinstance(example, Block) and example.language == "python":
            code_object = compile(example.text, f"{page.name}:{example.line}", "exec", dont_inherit=True)
            exec(code_object, namespace)
            continue
        for arguments in [example] if isinstance(example, list) else commands(example.text):
            code = main(smaller(arguments))
            expected = WEIGHTS_ERROR if " ".join(arguments).startswith(NEEDS_NETWORK) else 0
            assert code == expected, f"{page.name}: bottega {' '.join(arguments)}\n{capsys.readouterr().err}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_no_line_is_longer_than_120(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > 120] == []


def test_site_builds_with_strict_links(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="the docs extra is not installed")
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "--site-dir",
        str(tmp_path / "site"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert 'src="https://' not in text
    assert "fonts.googleapis" not in text
