"""Results against a reference, as one page: tables with intervals, drawings, sheets."""

from bottega.evaluate.report.compare import Comparison, report
from bottega.evaluate.report.figures import Figure
from bottega.evaluate.report.page import Section

__all__ = ["Comparison", "Figure", "Section", "report"]
