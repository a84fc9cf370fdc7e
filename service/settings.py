"""The settings of one running service: one TOML file, the environment, and safe defaults."""

import os
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SecretBytes,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from service.addresses import normalised
from service.clients import Client, Issuer, Zone
from service.errors import BadSetting

# Published, so that anyone gets the same card identities from the sandbox and from `advise`.
SANDBOX_KEY = b"lumbar-mri-cds-sandbox-key-is-public"
_PREFIX = "LUMBAR_MRI_CDS_"
SETTINGS_FILE = f"{_PREFIX}SETTINGS"
_SECRETS_FOLDER = f"{_PREFIX}SECRETS"
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_OTHER_NAMES = {"localhost": "127.0.0.1"}
_HIGHEST_PORT = 65535
_USUAL_DRAIN_S = 5.0  # of production: until no proxy sends anything new
LONGEST_DRAIN_S = 15.0
_SHORTEST_KEY = 32  # bytes
_HASHED = re.compile(r"scrypt:[0-9]+:[0-9]+:[0-9]+\$[A-Za-z0-9]+\$[0-9a-f]+")


def _named(name: str) -> Any:
    """Let a setting be given by its bare name in the environment, as `make run` shows it."""
    return AliasChoices(name, name.upper())


class Settings(BaseModel):
    """The whole service: where it listens, whom it knows, its secrets, its limits.

    `client` says how any caller is answered in the sandbox profile, which asks none who he is.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True
    )

    profile: Literal["sandbox", "production"] = "sandbox"
    host: str = Field(default="127.0.0.1", validation_alias=_named("host"))
    port: int = Field(default=8080, ge=1, le=_HIGHEST_PORT, validation_alias=_named("port"))
    allow_remote_sandbox: bool = Field(
        default=False, validation_alias=_named("allow_remote_sandbox")
    )
    workers: int = Field(default=2, ge=1, le=64)
    drain_s: float | None = Field(default=None, ge=0, le=LONGEST_DRAIN_S)
    time_zone: Zone = Field(default="UTC", validation_alias=_named("time_zone"))
    public_url: str | None = None
    tls_ends_at_proxy: bool = False
    browser_origins: tuple[str, ...] = ()
    card_key: SecretBytes = SecretBytes(SANDBOX_KEY)
    ledger_url: SecretStr | None = None  # None: nothing is remembered
    spool_folder: Path = Path("var/spool")  # for records while the ledger does not take them
    most_spooled_bytes: int = Field(default=256 * 1024 * 1024, ge=0)
    retention_days: int = Field(default=2192, ge=1)  # six years
    metrics_token: SecretStr | None = None  # shown by whoever reads /metrics in production
    dashboard_password_hash: SecretStr | None = None  # as the command `hash-password` makes it
    smallest_cell: int = Field(default=1, ge=1)  # reports do not tell counts below it
    log_level: Literal["debug", "info"] = "info"  # the record of a call is an "info"
    max_body_bytes: int = Field(default=16 * 1024 * 1024, ge=1, le=256 * 1024 * 1024)
    issuers: tuple[Issuer, ...] = ()
    client: Client = Client(profile="sandbox", rating=False, canary=True)

    @field_validator("host")
    @classmethod
    def _is_an_address(cls, host: str) -> str:
        try:
            return str(ip_address(_OTHER_NAMES.get(host, host)))
        except ValueError:
            raise ValueError("expected an IP address") from None

    @field_validator("ledger_url")
    @classmethod
    def _is_none_when_empty(cls, url: SecretStr | None) -> SecretStr | None:
        return url if url is not None and url.get_secret_value() else None

    @field_validator("public_url")
    @classmethod
    def _is_a_base(cls, url: str | None) -> str | None:
        base = normalised(url) if url is not None else None
        if url is not None and base is None:
            raise ValueError("expected an absolute address without query or fragment")
        return base

    @field_validator("metrics_token")
    @classmethod
    def _is_long(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value().encode()) < _SHORTEST_KEY:
            raise ValueError(f"expected a secret of {_SHORTEST_KEY} bytes or more")
        return token

    @field_validator("dashboard_password_hash")
    @classmethod
    def _is_a_hash(cls, made: SecretStr | None) -> SecretStr | None:
        if made is not None and not _is_password_hash(made.get_secret_value()):
            raise ValueError("expected what `lumbar-mri-cds hash-password` prints")
        return made

    @model_validator(mode="after")
    def _fits_the_profile(self) -> Self:
        key, expected = _misfit(self)
        if key:
            raise _Misfit(key, expected)
        return self

    @property
    def open_to_anyone(self) -> bool:
        """Whether no caller is asked who he is."""
        return self.profile == "sandbox"

    @property
    def serves_itself_only(self) -> bool:
        """Whether it is a sandbox that nobody reaches but from this machine."""
        return self.open_to_anyone and self.host in _LOOPBACK

    @property
    def drains_s(self) -> float:
        """For how long a service that was told to end still takes calls, in seconds."""
        usual = 0.0 if self.open_to_anyone else _USUAL_DRAIN_S
        return usual if self.drain_s is None else self.drain_s

    def zone_of(self, client: Client) -> str:
        """Give the time zone in which a client's day ends."""
        return client.time_zone or self.time_zone


def _is_password_hash(made: str) -> bool:
    """Whether passwords can be held against it: tried once, since its numbers may be impossible."""
    from werkzeug.security import check_password_hash

    try:
        check_password_hash(made, "")
    except (ValueError, OverflowError):
        return False
    return _HASHED.fullmatch(made) is not None


class _Misfit(ValueError):
    """A setting that its profile does not allow; it knows its own name."""

    def __init__(self, key: str, expected: str) -> None:
        super().__init__(f"expected {expected}")
        self.key = key


class _Deployed(Settings, BaseSettings):
    """Settings read, in this order, from the environment, a folder of secrets and a TOML file.

    A service that was started remembers, unless it is told otherwise.
    """

    ledger_url: SecretStr | None = SecretStr("sqlite:///var/ledger.sqlite")

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Say which sources there are and which goes first."""
        found = [init_settings, env_settings]
        folder, file = os.environ.get(_SECRETS_FOLDER), os.environ.get(SETTINGS_FILE)
        if folder:
            found.append(SecretsSettingsSource(settings_cls, folder, env_prefix=""))
        if file:
            found.append(TomlConfigSettingsSource(settings_cls, Path(file)))
        return tuple(found)


def _misfit(settings: Settings) -> tuple[str, str]:
    """Name the first setting that its profile does not allow, and what it should be."""
    issuers = [issuer.iss for issuer in settings.issuers]
    if len(set(issuers)) < len(issuers):
        return "issuers", "each iss once"
    if settings.profile == "sandbox":
        if settings.host not in _LOOPBACK and not settings.allow_remote_sandbox:
            return "host", "loopback, or ALLOW_REMOTE_SANDBOX=true beside it"
        return "", ""
    return _misfit_of_production(settings)


def _misfit_of_production(settings: Settings) -> tuple[str, str]:
    key = settings.card_key.get_secret_value()
    urls = [url for issuer in settings.issuers for url in (issuer.jku, *issuer.fhir_servers) if url]
    wrong = (
        (
            not settings.tls_ends_at_proxy,
            "tls_ends_at_proxy",
            "true: TLS ends at a proxy before us",
        ),
        (
            not (settings.public_url or "").startswith("https://"),
            "public_url",
            "the https address that callers use",
        ),
        (
            key == SANDBOX_KEY or len(key) < _SHORTEST_KEY,
            "card_key",
            f"a secret of {_SHORTEST_KEY} bytes or more, not the published one",
        ),
        (settings.ledger_url is None, "ledger_url", "sqlite:///FILE or postgresql://…"),
        (not settings.issuers, "issuers", "at least one registered issuer"),
        (
            any(not url.startswith("https://") for url in urls),
            "issuers",
            "https for every jku and every one of fhir_servers",
        ),
    )
    return next(((key, expected) for is_wrong, key, expected in wrong if is_wrong), ("", ""))


def from_environment() -> Settings:
    """Read the settings; raises BadSetting that names the first wrong one."""
    file, folder = os.environ.get(SETTINGS_FILE), os.environ.get(_SECRETS_FOLDER)
    if file and not Path(file).is_file():
        raise BadSetting(SETTINGS_FILE, expected="a file that is there")
    if folder and not Path(folder).is_dir():
        raise BadSetting(_SECRETS_FOLDER, expected="a folder that is there")
    known = {SETTINGS_FILE, _SECRETS_FOLDER} | {_PREFIX + n.upper() for n in Settings.model_fields}
    for name in os.environ:
        if name.startswith(_PREFIX) and name not in known:
            raise BadSetting(name, expected="the name of a setting")
    try:
        read = _Deployed()
    except ValidationError as problem:
        raise _explained(problem) from None
    except ValueError as problem:  # the TOML itself
        raise BadSetting(file or SETTINGS_FILE, expected=f"TOML: {problem}") from None
    return Settings(**{name: getattr(read, name) for name in Settings.model_fields})


def _explained(problem: ValidationError) -> BadSetting:
    fault = problem.errors(include_input=False, include_url=False)[0]
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, _Misfit):
        return BadSetting(_spelt(cause.key), expected=str(cause).removeprefix("expected "))
    where = ".".join(str(part) for part in fault["loc"])
    said = fault["msg"]
    for before in ("Value error, ", "expected ", "Input should be "):
        said = said.removeprefix(before)
    return BadSetting(_spelt(where), expected=said)


def _spelt(key: str) -> str:
    """Name a setting as it was given: those that the environment holds, in capitals."""
    return key.upper() if key.upper() in os.environ else key
