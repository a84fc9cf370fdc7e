"""The settings of one running service; the sandbox profile stands on loopback only."""

import os
from dataclasses import dataclass

from service.errors import BadSetting

# Published, so that anyone gets the same card identities from the sandbox and from `advise`.
SANDBOX_KEY = b"lumbar-mri-cds-sandbox-key-is-public"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_HIGHEST_PORT = 65535


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Host, port, workers, time zone, and how a client that sends too little is answered."""

    host: str = "127.0.0.1"
    allow_remote_sandbox: bool = False  # the sandbox profile knows no callers: loopback only
    port: int = 8080
    workers: int = 2
    time_zone: str = "UTC"
    card_key: bytes = SANDBOX_KEY
    missing_required_answer: str = "card"  # or "412"
    selection_behavior: str = "any"
    delete_as_string: bool = False
    max_body_bytes: int = 16 * 1024 * 1024


def from_environment() -> Settings:
    """Read HOST, PORT and ALLOW_REMOTE_SANDBOX; raises BadSetting naming the one that is wrong."""
    port = os.environ.get("PORT", str(Settings.port))
    if not port.isdecimal() or not 0 < int(port) <= _HIGHEST_PORT:
        raise BadSetting("PORT", expected=f"a number from 1 to {_HIGHEST_PORT}")
    settings = Settings(
        host=os.environ.get("HOST", Settings.host),
        port=int(port),
        allow_remote_sandbox=os.environ.get("ALLOW_REMOTE_SANDBOX") == "true",
    )
    if settings.host not in _LOOPBACK and not settings.allow_remote_sandbox:
        raise BadSetting("HOST", expected="loopback, or ALLOW_REMOTE_SANDBOX=true beside it")
    return settings
