"""The dashboard: the report's figures, live, for the team that keeps the service."""

from service.pages.dashboard.page import dashboard

__all__ = ["dashboard"]
