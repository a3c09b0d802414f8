"""Results compared with a reference, as one HTML page: tables with intervals, charts, contact sheets."""

from bottega.evaluate.report.build import EvaluationReport, build_report
from bottega.evaluate.report.html import Section
from bottega.evaluate.report.measure_set import list_pictures
from bottega.evaluate.report.metric_rows import MetricRow

__all__ = ["EvaluationReport", "MetricRow", "Section", "build_report", "list_pictures"]
