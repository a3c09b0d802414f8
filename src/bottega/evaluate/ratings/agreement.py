"""How far raters agree beyond chance: Krippendorff's alpha."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bottega.errors import SettingsError


def krippendorff_alpha(scores: ArrayLike) -> float:
    """Alpha for scores on an interval scale (Krippendorff 2011, "Computing Krippendorff's alpha").

    One minus the mean squared difference of two scores of one item over that of any two scores.

    Args:
        scores: ``(raters, items)``; NaN where a rater left an item out. Items with one score tell nothing.

    Returns:
        1 where all agree, about 0 for scores given by chance, below 0 where raters contradict each other; NaN
        where all scores are the same one, or no item has two.

    Raises:
        SettingsError: not a table.
    """
    table = np.asarray(scores, float)
    if table.ndim != 2:
        raise SettingsError(f"Agreement needs a table of raters and items; this has the shape {table.shape}.")
    columns = [column[np.isfinite(column)] for column in table.T]
    columns = [column for column in columns if len(column) > 1]
    if not columns:
        return float("nan")
    every = np.concatenate(columns)
    # The sum of squared differences over ordered pairs is 2 n² times the variance.
    within = sum(2 * len(column) ** 2 * column.var() / (len(column) - 1) for column in columns)
    overall = 2 * len(every) ** 2 * every.var() / (len(every) - 1)
    return float(1 - within / overall) if overall > 0 else float("nan")
