"""The step `evaluate`: what the chart answers to each question of the guideline."""

from service.clinical.findings.evaluate import Finding, Findings, evaluate

__all__ = ["Finding", "Findings", "evaluate"]
