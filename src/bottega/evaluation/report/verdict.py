"""The last words of a report: what its values say in plain sentences, and what they cannot say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bottega.evaluation.metrics.features import both_as_rows, shared_rows
from bottega.evaluation.report.measure_set import MeasuredSet
from bottega.evaluation.report.metric_rows import COPY_QUANTILE, MetricRow
from bottega.evaluation.report.proxies import MAX_SCORE, technical_faults

FEW_PICTURES = 100
MAX_COPY_SHARE = 0.1
MIN_DIVERSITY = 0.7
MIN_SHARP_SHARE = 0.5
FAR = 3.0  # times the distance between two halves of the reference


def count_shared(results: MeasuredSet, reference: MeasuredSet) -> int:
    """How many results are pictures of the reference, as the first extractor sees them."""
    name = reference.extractor_name
    _, shared = shared_rows(*both_as_rows(reference.features[name], results.features[name]))
    return len(shared)


def verdict(results: MeasuredSet, reference: MeasuredSet, tables: Mapping[str, Sequence[MetricRow]]) -> str:
    """What the values say, and their limits."""
    rows = {
        row.name.split("[")[0]: row for table in reversed(list(tables.values())) for row in reversed(table)
    }
    shared = count_shared(results, reference)
    sentences = [_closeness(rows["kid"])]
    if shared:
        copied = f"{shared} of {len(results)} results are pictures of the reference itself"
        sentences = [f"{copied}, so the distances say little about new pictures."]
    copies, diversity = rows["copies"].value, rows["diversity"].value
    if not shared and copies.low > COPY_QUANTILE and copies.estimate > MAX_COPY_SHARE:
        sentences.append(f"About {copies.estimate:.0%} are nearly copies of pictures of the reference.")
    if diversity.high < 1 and diversity.estimate < MIN_DIVERSITY:
        sentences.append(f"They vary {diversity.estimate:.2f} times as much as the reference.")
    sharp = rows["sharpness (proxy)"].value.estimate / MAX_SCORE
    if sharp < MIN_SHARP_SHARE:
        sentences.append(f"Only {sharp:.0%} are as sharp as usual in the reference: blurred, noisy or blots.")
    faults = [f"{count} {name}" for name, count in technical_faults(results, reference).items() if count]
    if results.unreadable:
        faults.append(f"{len(results.unreadable)} unreadable")
    if faults:
        sentences.append(f"Faults: {', '.join(faults)}.")
    return " ".join([*sentences, _limits(min(len(results), len(reference)))])


def _closeness(kid: MetricRow) -> str:
    if kid.value.low <= max(kid.reference, 0.0):
        return "No difference from the reference shows beyond chance."
    far = kid.value.estimate > FAR * max(kid.reference, 0.0) and kid.value.low > 0
    degree = "clearly" if far else "slightly"
    return f"The results differ {degree} from the reference, by more than chance."


def _limits(count: int) -> str:
    few = f"With {count} pictures only large differences show; " if count < FEW_PICTURES else ""
    text = (
        "these values compare with the reference and cannot tell whether the pictures are good: people can "
        "(--form)."
    )
    return few + (text if few else text[0].upper() + text[1:])
