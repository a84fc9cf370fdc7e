"""Advice at the order for a lumbar-spine MRI, as a CDS Hooks service."""

__version__ = "0.1.0"
