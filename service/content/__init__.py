"""Reads and checks `cards/` at start-up, and turns it into a Guideline, or refuses to start."""

from service.content.files import content_folder
from service.content.load import load

__all__ = ["content_folder", "load"]
