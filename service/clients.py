"""Who may call, and how each caller is answered: client profiles and registered issuers."""

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from service.addresses import Network, host_of, normalised

MOST_DEADLINE_S = 4.0
# What each profile sets; whatever a client sets for itself goes before it.
PROFILES: dict[str, dict[str, Any]] = {
    "generic": {},
    "v1": {
        "selection_behavior": "at-most-one",
        "delete_as_string": True,
        "system_actions": "extension",
    },
    "epic": {
        "deadline_s": 1.5,
        "searches": {
            "observations": tuple(
                f"Observation?patient={{patient}}&category={category}&_sort=-date&_count=200"
                for category in ("vital-signs", "laboratory", "exam", "survey", "social-history")
            )
        },
    },
    "sandbox": {
        "missing_required_answer": "card",
        "system_actions": "extension",
        "rating": True,
    },
}


def _base(url: str) -> str:
    base = normalised(url)
    if base is None:
        raise ValueError("expected an absolute http(s) address without query or fragment")
    if any(network.is_link_local for network in _addresses((base,))):
        raise ValueError("expected another address than a link-local one")
    return base


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("expected a name of the IANA time zones: America/New_York")
    return name


def _narrow(network: Network) -> Network:
    """Refuse networks that would open everything, and where clouds keep their secrets."""
    widest = 8 if network.version == 4 else 32
    if network.prefixlen < widest or network.is_link_local:
        raise ValueError(f"expected a network of one site, /{widest} or smaller, not link-local")
    return network


Base = Annotated[str, AfterValidator(_base)]
Zone = Annotated[str, AfterValidator(_zone)]
Net = Annotated[Network, BeforeValidator(ip_network), AfterValidator(_narrow)]
Algorithm = Literal["RS384", "ES384", "RS256", "ES256", "RS512", "ES512", "PS256", "PS384", "PS512"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class OrderCode(_Frozen):
    """A site's own code for a study, and the concept of the trigger that it stands for."""

    system: str = Field(min_length=1)
    code: str = Field(min_length=1)
    concept: str = Field(min_length=1)


class Client(_Frozen):
    """How one caller is answered, and which FHIR servers of his may be asked.

    `searches` maps a section to the searches that fill it, in place of the usual one; `{patient}`
    stands for the patient's id. `prefetch_keys` maps a site's own keys to the sections that they
    fill; a section of several keys needs all of them. `private_networks` are those in which his
    FHIR servers may stand.
    """

    profile: Literal["generic", "v1", "epic", "sandbox"] = "generic"
    # Silent: everything is judged and recorded, and nothing is shown but, if so set, emergencies.
    mode: Literal["live", "silent"] = "live"
    silent_shows_emergencies: bool = False
    canary: bool = False  # whether its calls may be marked as a canary's and left out of reports
    clinicians: Literal["hashed", "as-sent"] = "hashed"  # how the ledger names who ordered
    time_zone: Zone | None = None  # of the facility; else that of the service
    selection_behavior: Literal["any", "at-most-one"] = "any"
    delete_as_string: bool = False
    missing_required_answer: Literal["412", "card"] = "412"
    rating: bool = False
    rating_code: str | None = Field(default=None, pattern=r"G[0-9]{4}")
    system_actions: Literal["top-level", "extension", "both"] = "top-level"
    link_hosts: tuple[str, ...] | None = None  # None: every link that the content holds
    order_codes: tuple[OrderCode, ...] = ()
    fhir_servers: tuple[Base, ...] = ()
    private_networks: tuple[Net, ...] = ()
    ca_file: Path | None = None
    deadline_s: float = Field(default=2.5, ge=0.1, le=MOST_DEADLINE_S)
    searches: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    prefetch_keys: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _with_profile(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return PROFILES.get(given.get("profile", "generic"), {}) | given

    @property
    def networks(self) -> tuple[Network, ...]:
        """The networks that may be called although they are not public.

        An address that was registered as such is one of them.
        """
        return (*self.private_networks, *_addresses(self.fhir_servers))


class Issuer(Client):
    """A registered caller: whom its tokens name, by which keys, for which audiences and tenants.

    `jku` is where its keys are fetched; a token's own `jku` is only compared with it. `keys_file`
    holds keys exchanged out of band. `audiences` are accepted beside the address of the endpoint.
    """

    iss: str = Field(min_length=1)
    jku: str | None = None
    keys_file: Path | None = None
    algorithms: tuple[Algorithm, ...] = ("RS384", "ES384")
    audiences: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    tenants: tuple[str, ...] = ()
    replay_store_down: Literal["accept", "refuse"] = "accept"

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if not self.jku and not self.keys_file:
            raise ValueError("expected jku, keys_file, or both")
        if self.jku and normalised(self.jku) is None:
            raise ValueError("expected jku to be an absolute address without query or fragment")
        return self

    @property
    def key_networks(self) -> tuple[Network, ...]:
        """The networks in which the key server may stand although they are not public."""
        return (*self.private_networks, *_addresses((self.jku,) if self.jku else ()))


def _addresses(bases: tuple[str, ...]) -> tuple[Network, ...]:
    found = []
    for base in bases:
        try:
            found.append(ip_network(ip_address(host_of(normalised(base) or ""))))
        except ValueError:
            continue  # a name: what it resolves to is judged when it is called
    return tuple(found)
