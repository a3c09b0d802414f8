"""Results against a reference, as one page: tables with intervals, drawings, sheets."""

from bottega.evaluate.report.build import Comparison, report
from bottega.evaluate.report.html import Section
from bottega.evaluate.report.metric_rows import Figure

__all__ = ["Comparison", "Figure", "Section", "report"]
