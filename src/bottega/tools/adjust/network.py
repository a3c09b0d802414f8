"""The adjustment network that tools take where none is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bottega.tools.common.progress import ProgressReporter

if TYPE_CHECKING:
    from bottega.personalize import AdjustmentNet

NETWORK = "adjust"


def opened(model: str | None, report: ProgressReporter) -> AdjustmentNet | None:
    """The network that was named; without a name the packaged one, or none where that is not here.

    Raises:
        WeightsError: the one that was named is not here, or no adjustment network.
    """
    from bottega.personalize import load_adjustment_net, load_packaged_adjustment_net

    if model is not None:
        return load_adjustment_net(model)
    network = load_packaged_adjustment_net()
    if network is None:
        report.note(f'The network "{NETWORK}" is not here; pictures are adjusted by refinement alone.')
    return network


def network_record(model: str = NETWORK) -> dict[str, Any] | None:
    """What a recipe keeps of a network on a shelf; None where it is not here."""
    from bottega import weights

    if model not in {entry.name for entry in weights.entries()} or not weights.is_installed(model):
        return None
    return {"kind": "weights", "name": model, "sha256": weights.entry(model).sha256}
