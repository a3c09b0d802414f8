"""The tools ``choose score`` and ``choose export``: what a learned preference is used for."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import SettingsError
from bottega.files import check_overwrite_folder, check_writable_folder
from bottega.tools.choose.candidates import FolderPool, item_name, read_items
from bottega.tools.choose.knowledge import more_picks_sentence
from bottega.tools.choose.session import PreferenceSession
from bottega.tools.choose.settings import ExportSettings, ScoreSettings
from bottega.tools.common.output_paths import check_json_output
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import ToolResult

if TYPE_CHECKING:
    from bottega.personalize.preference import PreferenceModel

MIN_TRAINING_PICTURES = 50
"""A generator that is trained on fewer pictures copies them."""


def score(settings: ScoreSettings, reporter: ProgressReporter) -> ToolResult:
    """Rank the pictures of a folder among the candidates of a preferences file, best first.

    Pictures of the same seeds, before and after a generator was trained on liked pictures, show the effect.

    Raises:
        SettingsError: there are no votes, or no picture can be read.
    """
    import numpy as np

    session = PreferenceSession.open(settings.preferences)
    if not session.model.votes:
        raise SettingsError(f"{settings.preferences} has no votes yet; pick from a sheet first.")
    items = read_items(FolderPool(settings.pictures), reporter)
    if not items:
        raise SettingsError(f"No picture in {settings.pictures} can be read.")
    candidates = np.sort(session.model.utility(read_items(session.pool, reporter))[0])
    means, deviations = session.model.utility(items)
    ranks = np.searchsorted(candidates, means) / len(candidates)
    rows = tuple(
        {
            "picture": item_name(items[index].id),
            "better than": f"{100 * ranks[index]:.0f} %",
            "utility": f"{means[index]:.2f} ± {deviations[index]:.2f}",
        }
        for index in np.argsort(-means, kind="stable")
    )
    mean_rank = float(ranks.mean())
    return ToolResult(
        f"You should like these {len(items)} pictures better than {100 * mean_rank:.0f} % of the candidates "
        f"of {settings.preferences}, on average.",
        rows=rows,
        details={"mean_rank": round(mean_rank, 4), "mean_utility": round(float(means.mean()), 4)},
    )


def export(settings: ExportSettings, reporter: ProgressReporter) -> ToolResult:
    """Write liked pictures, a condition, or a copy of the preferences; checks everything before it writes.

    Raises:
        SettingsError: nothing is requested, or there is nothing to export.
        OutputError: a file cannot be written.
    """
    if settings.liked is None and settings.save_condition is None and settings.output is None:
        raise SettingsError(
            "Say what to export: --liked folder, --save-condition mine.condition.json, or -o "
            "copy.preferences.json."
        )
    if settings.predicted and settings.liked is None:
        raise SettingsError("--predicted adds to --liked; give --liked folder.")
    session = PreferenceSession.open(settings.preferences)
    model = session.model if settings.revision is None else session.model.at_revision(settings.revision)
    for path, kind in ((settings.save_condition, "condition"), (settings.output, "preferences")):
        if path is not None:
            check_json_output(path, kind, overwrite=settings.overwrite, inputs=[settings.preferences])
    if settings.liked is not None:
        check_writable_folder(settings.liked.parent)
        check_overwrite_folder(settings.liked, settings.overwrite)
    condition: dict[str, Any] = {}
    summary: list[str] = []
    if settings.save_condition is not None:
        condition = preferred_condition(model)
        if not condition:
            summary.append(
                f"{settings.save_condition} is not written: too little is known of your preferences. "
                f"{more_picks_sentence(model)}"
            )
            if settings.liked is None and settings.output is None:
                raise SettingsError(summary[0])
    files: list[Path] = []
    if settings.liked is not None:
        try:
            copies = _copy_liked(session, model, settings.liked, settings.predicted, reporter)
        except SettingsError as error:
            if not condition and settings.output is None:
                raise
            summary.append(f"{settings.liked} is not written: {error}")
            copies = []
        if copies:
            files += copies
            summary.append(
                f"{settings.liked} contains {len(copies)} pictures; train a generator on them: "
                f"bottega train gan --data {settings.liked} --base NAME."
            )
            if len(copies) < MIN_TRAINING_PICTURES:
                summary.append(
                    f"Fewer than {MIN_TRAINING_PICTURES} are mostly copied; vote more, or add --predicted."
                )
    if settings.save_condition is not None and condition:
        from bottega.personalize import Condition

        files.append(Condition(**condition).save(settings.save_condition))
        names = ", ".join(name.replace("_", " ") for name in condition)
        summary.append(f"{settings.save_condition} requests {names}.")
    if settings.output is not None:
        files.append(model.save(settings.output))
        summary.append(f"{settings.output} holds the preferences at revision {model.revision}.")
    return ToolResult(" ".join(summary), files=tuple(files), details={"revision": model.revision})


def preferred_condition(model: PreferenceModel) -> dict[str, Any]:
    """The significant preferences as fields of a condition; empty if none can be requested of a picture."""
    from bottega.personalize import ATTRIBUTES

    values = {preference.trait: preference.value for preference in model.explain().significant}
    condition: dict[str, Any] = {
        name: min(max(values[name], attribute.low), attribute.high)
        for name, attribute in ATTRIBUTES.items()
        if name in values
    }
    if "subject_x" in values or "subject_y" in values:
        typical = {
            trait.name: model.space.to_trait_unit(index, 0) for index, trait in enumerate(model.space.traits)
        }
        position = (values.get(name, typical[name]) for name in ("subject_x", "subject_y"))
        condition["subject"] = tuple(min(max(value, 0.0), 1.0) for value in position)
    return condition


def _copy_liked(
    session: PreferenceSession,
    model: PreferenceModel,
    folder: Path,
    predicted: int,
    reporter: ProgressReporter,
) -> list[Path]:
    ids = [item.id for item in model.liked()]
    if predicted:
        items = [item for item in read_items(session.pool, reporter) if item.id not in model.items]
        means = dict(zip((item.id for item in items), model.utility(items)[0], strict=True))
        ids += sorted(means, key=lambda item_id: -means[item_id])[:predicted]
    if not ids:
        raise SettingsError("You like nothing yet: pick from a sheet, rate 4 or 5, or star a picture first.")
    # All or nothing: an existing folder is complete.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        copies = [session.pool.copy(item_id, Path(temporary)) for item_id in ids]
        folder.mkdir(exist_ok=True)
        return [copy.replace(folder / copy.name) for copy in copies]
