"""Adjusting a picture to a condition."""

from bottega.personalize.adjust.network import (
    AdjustmentNet,
    load_adjustment_net,
    load_packaged_adjustment_net,
    save_adjustment_net,
)
from bottega.personalize.adjust.pipeline import adjust

__all__ = [
    "AdjustmentNet",
    "adjust",
    "load_adjustment_net",
    "load_packaged_adjustment_net",
    "save_adjustment_net",
]
