"""The step `evaluate`: what the chart answers to each question of the guideline."""

from service.clinical.findings.duration import Duration
from service.clinical.findings.evaluate import Findings, evaluate
from service.clinical.findings.finding import Finding

__all__ = ["Duration", "Finding", "Findings", "evaluate"]
