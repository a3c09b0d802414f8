"""The tools ``choose …``: sheets of nine to pick from, and what is learned from the picks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bottega.errors import SettingsError
from bottega.tools.choose.candidates import DraftPool, FolderPool, Pool, read_items
from bottega.tools.choose.export import export
from bottega.tools.choose.score import score
from bottega.tools.choose.session import Desk, check_profile, draft_source, folder_source, on_sheet, plain
from bottega.tools.choose.settings import (
    ExportSettings,
    NextSettings,
    PickSettings,
    PictureSettings,
    ProfileSettings,
    RateSettings,
    RevokeSettings,
    ScoreSettings,
    StartSettings,
)
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Tool, ToolResult

if TYPE_CHECKING:
    from bottega.personalize.preference import Event, PreferenceModel

FEWEST = 9


def _start(settings: StartSettings, report: ProgressReporter) -> ToolResult:
    from bottega.personalize.preference import PreferenceModel
    from bottega.personalize.preference.item_reader import TRAITS

    check_profile(settings.profile, settings.overwrite)
    if (settings.pictures is None) == (not settings.model):
        raise SettingsError("Say what there is to choose from: a folder of pictures, or --model generator.")
    pool: Pool
    if settings.pictures is not None:
        pool = FolderPool(settings.pictures)
        source = folder_source(settings.pictures, settings.profile)
    else:
        pool = DraftPool(settings.model, settings.count, settings.seed, settings.like)
        source = draft_source(settings.model, settings.count, settings.seed, settings.like, settings.profile)
    items = read_items(pool, report)
    if len(items) < FEWEST:
        raise SettingsError(f"A sheet shows nine pictures; there are only {len(items)} to choose from.")
    taste = PreferenceModel.from_pool(TRAITS, items, seed=settings.seed)
    taste.source = source
    file = Desk(settings.profile, taste, pool).propose(items, settings)
    return ToolResult(
        f"{settings.profile} chooses from {len(items)} pictures. Look at {file} and say which you like best: "
        f"bottega choose pick {settings.profile} 5",
        files=(file, settings.profile),
        details={"candidates": len(items)},
    )


def _next(settings: NextSettings, report: ProgressReporter) -> ToolResult:
    desk = Desk.open(settings.profile, settings.pictures)
    file = desk.propose(read_items(desk.pool, report), settings)
    return ToolResult(
        f"{file}: which do you like best? bottega choose pick {settings.profile} 5",
        files=(file,),
        details={"sheet": len(desk.sheets), "shown": [plain(name) for name in desk.sheets[-1].items]},
    )


def _pick(settings: PickSettings, report: ProgressReporter) -> ToolResult:
    desk = Desk.open(settings.profile)
    sheet, items = desk.sheet(settings.of)
    numbers = _numbers(settings.numbers)
    names = [item.id for item in items]
    for number, earlier in desk.taste.votes.items():
        if earlier.kind == "pick" and list(earlier.items) == names:
            raise SettingsError(
                f"You have picked from sheet {sheet} already; to pick anew, first "
                f"bottega choose revoke {settings.profile} {number}."
            )
    chosen = [on_sheet(items, number, sheet) for number in numbers]
    vote = desk.taste.pick(chosen, items)
    which = " and ".join(f"{number} ({plain(item.id)})" for number, item in zip(numbers, chosen, strict=True))
    return _voted(desk, vote, f"picked {which} of sheet {sheet}")


def _rate(settings: RateSettings, report: ProgressReporter) -> ToolResult:
    desk = Desk.open(settings.profile)
    item, called = desk.item(settings.picture, settings.of, report)
    return _voted(desk, desk.taste.rate(item, settings.stars), f"{settings.stars} of 5 for {called}")


def _star(settings: PictureSettings, report: ProgressReporter) -> ToolResult:
    desk = Desk.open(settings.profile)
    item, called = desk.item(settings.picture, settings.of, report)
    return _voted(desk, desk.taste.like(item), f"a star for {called}")


def _voted(desk: Desk, vote: int, what: str) -> ToolResult:
    desk.taste.save(desk.path)
    return ToolResult(
        f"Vote {vote}: {what}. Go on with: bottega choose next {desk.path}",
        files=(desk.path,),
        details={"vote": vote},
    )


def _revoke(settings: RevokeSettings, report: ProgressReporter) -> ToolResult:
    desk = Desk.open(settings.profile)
    what = _said(desk.taste, settings.vote) if 0 < settings.vote <= desk.taste.revision else ""
    desk.taste.revoke(settings.vote)
    desk.taste.save(desk.path)
    return ToolResult(f"Vote {settings.vote} is revoked: {what}.", files=(desk.path,))


def _votes(settings: ProfileSettings, report: ProgressReporter) -> ToolResult:
    taste = Desk.open(settings.profile).taste
    standing = taste.votes
    rows = tuple(
        {
            "vote": number,
            "what": _said(taste, number),
            "state": "counts" if number in standing else "no longer counts",
        }
        for number, event in enumerate(taste.events, 1)
        if event.kind not in ("presentation", "revocation")
    )
    return ToolResult("" if rows else "There are no votes yet.", rows=rows)


def _said(taste: PreferenceModel, number: int) -> str:
    event: Event = taste.events[number - 1]
    match event.kind:
        case "pick":
            return f"picked {' and '.join(map(plain, event.chosen))} out of {len(event.items)}"
        case "rating":
            return f"{event.stars} of 5 for {plain(event.item)}"
        case "like":
            return f"a star for {plain(event.item)}"
    return event.kind


def _explain(settings: ProfileSettings, report: ProgressReporter) -> ToolResult:
    taste = Desk.open(settings.profile).taste
    explained = taste.explain()
    rows = tuple(
        {
            "trait": favour.trait.replace("_", " "),
            "you favour": favour.words if favour.is_significant else f"({favour.words}?)",
            "about": f"{favour.value:.2f}",
            "wins": f"{100 * favour.win_rate:.0f} of 100",
            "certainty": f"{100 * favour.certainty:.0f} %",
        }
        for favour in explained.preferences
    )
    details: dict[str, Any] = {
        "revision": taste.revision,
        "votes": len(taste.votes),
        "known": [favour.trait for favour in explained.significant],
        "unnamed": round(explained.unexplained_share, 3),
    }
    return ToolResult("\n".join(explained.sentences()), rows=rows, details=details)


def _numbers(words: str) -> list[int]:
    """``3`` or ``3,7``."""
    if not re.fullmatch(r"\s*\d{1,3}(\s*,\s*\d{1,3})*\s*", words):
        raise SettingsError(f'"{words}" names no pictures of a sheet; give a number, or several: 3,7.')
    return [int(word) for word in words.split(",")]


CHOOSE = (
    Tool(
        "choose start",
        "Begin a profile of your taste, with a first sheet of nine.",
        StartSettings,
        _start,
        True,
    ),
    Tool(
        "choose next",
        "Make the next sheet of nine: what should please, and what may.",
        NextSettings,
        _next,
        True,
    ),
    Tool("choose pick", "Say which picture of a sheet you like best, or which several.", PickSettings, _pick),
    Tool("choose rate", "Rate one picture from 1 to 5.", RateSettings, _rate),
    Tool("choose star", "Give one picture a star: as good as a 5.", PictureSettings, _star),
    Tool("choose votes", "List what you said so far.", ProfileSettings, _votes),
    Tool("choose revoke", "Take one vote back, as if it had never been cast.", RevokeSettings, _revoke),
    Tool("choose explain", "Say what you favour, how much, and how sure that is.", ProfileSettings, _explain),
    Tool(
        "choose score", "Say how much you should like the pictures of a folder.", ScoreSettings, score, True
    ),
    Tool(
        "choose export",
        "Copy liked pictures to train on, or write a condition or a copy.",
        ExportSettings,
        export,
    ),
)
