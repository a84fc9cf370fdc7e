"""The settings of one running service; the sandbox profile stands on loopback only."""

import os
from dataclasses import dataclass
from ipaddress import ip_address
from zoneinfo import available_timezones

from service.errors import BadSetting

# Published, so that anyone gets the same card identities from the sandbox and from `advise`.
SANDBOX_KEY = b"lumbar-mri-cds-sandbox-key-is-public"
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_OTHER_NAMES = {"localhost": "127.0.0.1"}
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
    """Read HOST, PORT, TIME_ZONE and ALLOW_REMOTE_SANDBOX; raises BadSetting for a wrong one."""
    port = os.environ.get("PORT", str(Settings.port))
    if not port.isdecimal() or not 0 < int(port) <= _HIGHEST_PORT:
        raise BadSetting("PORT", expected=f"a number from 1 to {_HIGHEST_PORT}")
    host = os.environ.get("HOST", Settings.host)
    zone = os.environ.get("TIME_ZONE", Settings.time_zone)
    if zone not in available_timezones():
        raise BadSetting("TIME_ZONE", expected="a name of the IANA time zones: America/New_York")
    settings = Settings(
        host=_OTHER_NAMES.get(host, host),
        time_zone=zone,
        port=int(port),
        allow_remote_sandbox=os.environ.get("ALLOW_REMOTE_SANDBOX") == "true",
    )
    try:
        ip_address(settings.host)
    except ValueError as problem:
        raise BadSetting("HOST", expected="an IP address") from problem
    if settings.host not in _LOOPBACK and not settings.allow_remote_sandbox:
        raise BadSetting("HOST", expected="loopback, or ALLOW_REMOTE_SANDBOX=true beside it")
    return settings
