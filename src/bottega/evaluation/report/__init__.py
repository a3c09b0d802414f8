"""Results compared with a reference, as one HTML page: tables with intervals, charts, contact sheets."""

from bottega.evaluation.report.build import EvaluationReport, build_report
from bottega.evaluation.report.html import Section
from bottega.evaluation.report.measure_set import list_pictures
from bottega.evaluation.report.metric_rows import MetricRow

__all__ = ["EvaluationReport", "MetricRow", "Section", "build_report", "list_pictures"]
