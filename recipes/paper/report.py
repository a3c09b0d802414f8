"""Tables as Markdown and JSON, with a sheet of the first samples of each model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bottega.evaluation import Interval
from bottega.evaluation.report.html import format_number
from bottega.files import atomic_write
from bottega.pictures import contact_sheet, save
from recipes.paper.config import PaperRecipe
from recipes.paper.tables import Cell, Table

SHEET_COLUMNS = 12


def write(table: Table, name: str, recipe: PaperRecipe, folder: Path) -> Path:
    """Write ``name.md``, ``name.json`` and ``name.png``; returns the first."""
    values = {
        "title": table.title,
        "settings": recipe.model_dump(mode="json"),
        "rows": [{key: _plain(cell) for key, cell in row.items()} for row in table.rows],
        "notes": list(table.notes),
    }
    page = folder / f"{name}.md"
    with atomic_write(page.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    with atomic_write(page) as temporary:
        temporary.write_text(markdown(table), encoding="utf-8")
    rows = [files[:SHEET_COLUMNS] for files in table.sheets.values()]
    labels = [
        [title if not index else "" for index in range(len(row))]
        for title, row in zip(table.sheets, rows, strict=True)
    ]
    save(
        contact_sheet([[str(file) for file in row] for row in rows], labels, height=96),
        page.with_suffix(".png"),
    )
    return page


def markdown(table: Table) -> str:
    """The table, its notes below it."""
    columns = list(table.rows[0])
    lines = [
        f"# {table.title}",
        "",
        "| " + " | ".join(columns) + " |",
        "| --- |" + " ---: |" * (len(columns) - 1),
    ]
    lines += ["| " + " | ".join(_format(row[column]) for column in columns) + " |" for row in table.rows]
    lines += ["", "In brackets: 95 % intervals.", *(f"\n{note}" for note in table.notes)]
    return "\n".join(lines) + "\n"


def _format(cell: Cell) -> str:
    if isinstance(cell, Interval):
        return f"{format_number(cell.estimate)} [{format_number(cell.low)}, {format_number(cell.high)}]"
    return cell if isinstance(cell, str) else format_number(cell)


def _plain(cell: Cell) -> Any:
    return [cell.estimate, cell.low, cell.high] if isinstance(cell, Interval) else cell
