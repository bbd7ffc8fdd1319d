"""The report of a run: one self-contained page, and its pictures."""

from fringeworks.products.report.data import (
    AccuracyFigure,
    CorrectionSummary,
    Exclusion,
    PairSummary,
    ReportData,
    TripletSummary,
)
from fringeworks.products.report.page import Report, write_report

__all__ = [
    "AccuracyFigure",
    "CorrectionSummary",
    "Exclusion",
    "PairSummary",
    "Report",
    "ReportData",
    "TripletSummary",
    "write_report",
]
