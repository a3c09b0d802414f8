"""The tools ``choose …``: sheets of nine pictures to pick from, and what is learned from the picks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bottega.errors import SettingsError
from bottega.files import check_local
from bottega.tools.choose.candidates import (
    FolderPool,
    GeneratorPool,
    Pool,
    folder_source,
    generator_source,
    item_name,
    read_items,
)
from bottega.tools.choose.export import export, score
from bottega.tools.choose.knowledge import more_picks_sentence, picks_needed, progress_sentence
from bottega.tools.choose.session import SHEET_SIZE, PreferenceSession, item_on_sheet
from bottega.tools.choose.settings import (
    ExportSettings,
    NextSettings,
    PickSettings,
    PictureSettings,
    PreferencesSettings,
    RateSettings,
    RevokeSettings,
    ScoreSettings,
    StartSettings,
)
from bottega.tools.common.image_sources import check_model, check_pictures
from bottega.tools.common.output_paths import check_json_output
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Tool, ToolResult

if TYPE_CHECKING:
    from bottega.personalize.preference import PreferenceModel


def _check_start(settings: StartSettings) -> None:
    if (settings.pictures is None) == (not settings.model):
        raise SettingsError("Give the pictures to choose from: a folder, or --model generator.")
    if settings.pictures is None:
        check_model(settings.model)
    else:
        check_pictures(settings.pictures)
    check_json_output(settings.preferences, "preferences", overwrite=settings.overwrite)


def _check_preferences(settings: PreferencesSettings | NextSettings) -> None:
    path = settings.preferences
    check_local(path, SettingsError)
    if not path.is_file():
        raise SettingsError(f"The file {path} does not exist; bottega choose start creates one.")


def _check_score(settings: ScoreSettings) -> None:
    _check_preferences(settings)
    check_pictures(settings.pictures)


def _start(settings: StartSettings, reporter: ProgressReporter) -> ToolResult:
    from bottega.personalize.preference import PreferenceModel
    from bottega.personalize.preference.item_reader import TRAITS

    _check_start(settings)
    pool: Pool
    if settings.pictures is not None:
        pool = FolderPool(settings.pictures)
        source = folder_source(settings.pictures, settings.preferences)
    else:
        pool = GeneratorPool(settings.model, settings.count, settings.seed, ",".join(settings.class_name))
        source = generator_source(pool, settings.preferences)
    items = read_items(pool, reporter)
    if len(items) < SHEET_SIZE:
        raise SettingsError(f"A sheet needs {SHEET_SIZE} pictures; there are only {len(items)}.")
    model = PreferenceModel.from_pool(TRAITS, items, seed=settings.seed)
    model.source = source
    file = PreferenceSession(settings.preferences, model, pool).write_sheet(items, settings)
    return ToolResult(
        f"{settings.preferences} chooses from {len(items)} pictures. Open {file} and pick the one you like "
        f"best: bottega choose pick {settings.preferences} 5",
        files=(file, settings.preferences),
        details={"candidates": len(items)},
    )


def _next(settings: NextSettings, reporter: ProgressReporter) -> ToolResult:
    session = PreferenceSession.open(settings.preferences, settings.pictures)
    file = session.write_sheet(read_items(session.pool, reporter), settings)
    items = [item_name(item_id) for item_id in session.sheets[-1].items]
    return ToolResult(
        f"{file}: which do you like best? bottega choose pick {settings.preferences} 5",
        files=(file,),
        details={"sheet": len(session.sheets), "items": items},
    )


def _pick(settings: PickSettings, reporter: ProgressReporter) -> ToolResult:
    session = PreferenceSession.open(settings.preferences)
    sheet, items = session.sheet(settings.of)
    numbers = _parse_numbers(settings.numbers)
    ids = [item.id for item in items]
    for number, event in session.model.votes.items():
        if event.kind == "pick" and list(event.items) == ids:
            vote = _vote_numbers(session.model)[number]
            raise SettingsError(
                f"You have picked from sheet {sheet} already; to pick again, first "
                f"bottega choose revoke {settings.preferences} {vote}."
            )
    picks = [item_on_sheet(items, number, sheet) for number in numbers]
    vote = session.model.pick(picks, items)
    labels = [f"{number} ({item_name(item.id)})" for number, item in zip(numbers, picks, strict=True)]
    return _save_vote(session, vote, f"picked {' and '.join(labels)} of sheet {sheet}")


def _rate(settings: RateSettings, reporter: ProgressReporter) -> ToolResult:
    session = PreferenceSession.open(settings.preferences)
    item, name = session.item(settings.picture, settings.of, reporter)
    return _save_vote(session, session.model.rate(item, settings.stars), f"{settings.stars} of 5 for {name}")


def _star(settings: PictureSettings, reporter: ProgressReporter) -> ToolResult:
    session = PreferenceSession.open(settings.preferences)
    item, name = session.item(settings.picture, settings.of, reporter)
    return _save_vote(session, session.model.like(item), f"a star for {name}")


def _save_vote(session: PreferenceSession, vote: int, description: str) -> ToolResult:
    session.model.save(session.path)
    number = _vote_numbers(session.model)[vote]
    return ToolResult(
        f"Vote {number}: {description}. {progress_sentence(session.model)} "
        f"Continue with: bottega choose next {session.path}",
        files=(session.path,),
        details={"vote": number, "more_picks": picks_needed(session.model)},
    )


def _vote_numbers(model: PreferenceModel) -> dict[int, int]:
    """The numbers 1, 2, 3 … of the votes, by the numbers of their events; revoked ones keep theirs."""
    votes = [
        event for event, each in enumerate(model.events, 1) if each.kind not in ("presentation", "revocation")
    ]
    return {event: number for number, event in enumerate(votes, 1)}


def _revoke(settings: RevokeSettings, reporter: ProgressReporter) -> ToolResult:
    session = PreferenceSession.open(settings.preferences)
    events = {number: event for event, number in _vote_numbers(session.model).items()}
    if settings.vote not in events:
        votes = f"the votes are 1 to {len(events)}" if events else "there are no votes yet"
        raise SettingsError(f"There is no vote {settings.vote}; {votes}.")
    event = events[settings.vote]
    if any(each.kind == "revocation" and each.vote == event for each in session.model.events):
        raise SettingsError(f"The vote {settings.vote} is revoked already.")
    description = _describe(session.model, event)
    session.model.revoke(event)
    session.model.save(session.path)
    return ToolResult(f"Vote {settings.vote} is revoked: {description}.", files=(session.path,))


def _votes(settings: PreferencesSettings, reporter: ProgressReporter) -> ToolResult:
    model = PreferenceSession.open(settings.preferences).model
    active = model.votes
    rows = tuple(
        {
            "vote": number,
            "what": _describe(model, event),
            "state": "counts" if event in active else "revoked",
        }
        for event, number in _vote_numbers(model).items()
    )
    return ToolResult("" if rows else "There are no votes yet.", rows=rows)


def _describe(model: PreferenceModel, number: int) -> str:
    """An event in words; they are counted from 1."""
    event = model.events[number - 1]
    match event.kind:
        case "pick":
            return f"picked {' and '.join(map(item_name, event.chosen))} out of {len(event.items)}"
        case "rating":
            return f"{event.stars} of 5 for {item_name(event.item)}"
        case "like":
            return f"a star for {item_name(event.item)}"
    return event.kind


def _explain(settings: PreferencesSettings, reporter: ProgressReporter) -> ToolResult:
    model = PreferenceSession.open(settings.preferences).model
    explanation = model.explain()
    rows = tuple(
        {
            "trait": preference.trait.replace("_", " "),
            "you prefer": preference.words if preference.is_significant else f"({preference.words}?)",
            "about": f"{preference.value:.2f}",
            "wins": f"{100 * preference.win_rate:.0f} of 100",
            "certainty": f"{100 * preference.certainty:.0f} %",
        }
        for preference in explanation.preferences
    )
    details: dict[str, Any] = {
        "revision": model.revision,
        "votes": len(model.votes),
        "significant": [preference.trait for preference in explanation.significant],
        "unexplained_share": round(explanation.unexplained_share, 3),
    }
    sentences = [*explanation.sentences(), more_picks_sentence(model)]
    return ToolResult("\n".join(filter(None, sentences)), rows=rows, details=details)


def _parse_numbers(text: str) -> list[int]:
    """``3`` or ``3,7``."""
    if not re.fullmatch(r"\s*\d{1,3}(\s*,\s*\d{1,3})*\s*", text):
        raise SettingsError(f'"{text}" must be the number of a picture on the sheet, or several: 3,7.')
    return [int(number) for number in text.split(",")]


CHOOSE = (
    Tool(
        "choose start",
        "Begin a file of your preferences, with a first sheet of nine pictures.",
        StartSettings,
        _start,
        uses_networks=True,
        check_files=_check_start,
        examples=(
            "choose start likes.preferences.json pictures/",
            "choose start faces.preferences.json --model faces --class warrior",
        ),
    ),
    Tool(
        "choose next",
        "Make the next sheet of nine: pictures that you should like, and some to explore.",
        NextSettings,
        _next,
        uses_networks=True,
        check_files=_check_preferences,
        examples=("choose next likes.preferences.json",),
    ),
    Tool(
        "choose pick",
        "Pick the picture of a sheet that you like best, or several.",
        PickSettings,
        _pick,
        check_files=_check_preferences,
        examples=("choose pick likes.preferences.json 3", "choose pick likes.preferences.json 3,7"),
    ),
    Tool(
        "choose rate",
        "Rate one picture from 1 to 5.",
        RateSettings,
        _rate,
        check_files=_check_preferences,
    ),
    Tool(
        "choose star",
        "Give one picture a star: as good as a 5.",
        PictureSettings,
        _star,
        check_files=_check_preferences,
    ),
    Tool(
        "choose votes",
        "List your votes.",
        PreferencesSettings,
        _votes,
        check_files=_check_preferences,
    ),
    Tool(
        "choose revoke",
        "Revoke a vote, as if it had never been cast.",
        RevokeSettings,
        _revoke,
        check_files=_check_preferences,
    ),
    Tool(
        "choose explain",
        "List your preferences, their strength and certainty.",
        PreferencesSettings,
        _explain,
        check_files=_check_preferences,
    ),
    Tool(
        "choose score",
        "Rank the pictures of a folder by your preferences.",
        ScoreSettings,
        score,
        uses_networks=True,
        check_files=_check_score,
    ),
    Tool(
        "choose export",
        "Copy liked pictures to train on, or write a condition or a copy.",
        ExportSettings,
        export,
        check_files=_check_preferences,
        examples=(
            "choose export likes.preferences.json --liked liked/ --save-condition mine.condition.json",
        ),
    ),
)
