"""The settings of one running service; the sandbox profile stands on loopback only."""

import os
from dataclasses import dataclass

# Published, so that anyone gets the same card identities from the sandbox and from `advise`.
SANDBOX_KEY = b"lumbar-mri-cds-sandbox-key-is-public"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Host, port, workers, time zone, and how a client that sends too little is answered."""

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 2
    time_zone: str = "UTC"
    card_key: bytes = SANDBOX_KEY
    missing_required_answer: str = "card"  # or "412"
    selection_behavior: str = "any"
    delete_as_string: bool = False
    max_body_bytes: int = 16 * 1024 * 1024


def from_environment() -> Settings:
    """Read HOST and PORT; everything else keeps the sandbox's defaults."""
    return Settings(
        host=os.environ.get("HOST", "127.0.0.1"), port=int(os.environ.get("PORT", "8080"))
    )
