"""The description of the addresses in OpenAPI 3.1, for tools that test or generate clients."""

import json
from pathlib import Path
from typing import Any

from service.settings import Settings

_FILE = Path(__file__).with_name("openapi.json")


def description(settings: Settings) -> dict[str, Any]:
    """Describe the service as it is set: its public address, and whether callers show a token."""
    found: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    if not settings.open_to_anyone and settings.metrics_token is None:
        del found["paths"]["/metrics"]
    if settings.public_url:
        found["servers"] = [{"url": settings.public_url}]
    if settings.open_to_anyone:
        for path in found["paths"].values():
            for operation in path.values():
                operation.pop("security", None)
                operation["responses"].pop("401", None)
    return found
