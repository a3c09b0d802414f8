"""The tool ``choose score``: how much a taste should like the pictures of a folder."""

from __future__ import annotations

from bottega.errors import SettingsError
from bottega.tools.choose.candidates import FolderPool, read_items
from bottega.tools.choose.session import Desk, plain
from bottega.tools.choose.settings import ScoreSettings
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import ToolResult


def score(settings: ScoreSettings, report: ProgressReporter) -> ToolResult:
    """Each picture's place among those that the profile chooses from, the best first, and the mean place.

    Drafts of the same seeds, before and after a generator learned from liked pictures, say what that brought.

    Raises:
        SettingsError: there are no votes yet, or no picture can be read.
    """
    import numpy as np

    desk = Desk.open(settings.profile)
    if not desk.taste.votes:
        raise SettingsError(
            f"Nothing is known of this taste yet; pick from a sheet of {settings.profile} first."
        )
    items = read_items(FolderPool(settings.pictures), report)
    if not items:
        raise SettingsError(f"No picture in {settings.pictures} can be read.")
    known = np.sort(desk.taste.utility(read_items(desk.pool, report))[0])
    means, deviations = desk.taste.utility(items)
    places = np.searchsorted(known, means) / len(known)
    rows = tuple(
        {
            "picture": plain(items[number].id),
            "better than": f"{100 * places[number]:.0f} %",
            "utility": f"{means[number]:.2f} ± {deviations[number]:.2f}",
        }
        for number in np.argsort(-means, kind="stable")
    )
    mean = float(places.mean())
    return ToolResult(
        f"You should like these {len(items)} pictures better than {100 * mean:.0f} % of those that "
        f"{settings.profile} chooses from, on average.",
        rows=rows,
        details={"mean_place": round(mean, 4), "mean_utility": round(float(means.mean()), 4)},
    )
