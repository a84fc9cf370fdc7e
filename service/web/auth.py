"""Who is calling: a registered issuer with a token that is genuine and was never used before."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jwt import PyJWK

from service.clients import Client, Issuer
from service.ehr.keys import KeyRing
from service.errors import NotAuthorized, StoreDown
from service.settings import Settings
from service.web.token import Token, verified

if TYPE_CHECKING:
    from service.ledger.replay import SeenTokens


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who calls, and how he is to be answered. Without an issuer it is anyone, in the sandbox."""

    client: Client
    issuer: str | None = None
    tenant: str | None = None
    token_id: str | None = None
    replay_unchecked: bool = False  # the store was down, and the issuer is let in all the same


@dataclass(kw_only=True)
class Door:
    """Lets registered callers in, or, in the sandbox profile, anyone."""

    settings: Settings
    seen: "SeenTokens | None"
    rings: Mapping[str, KeyRing] = field(default_factory=dict)
    issuers: Mapping[str, Issuer] = field(default_factory=dict)

    def open(self) -> None:
        """Read the keys that are in files, and begin to fetch the others; raises BadSetting."""
        self.issuers = {issuer.iss: issuer for issuer in self.settings.issuers}
        self.rings = {iss: KeyRing(issuer=issuer) for iss, issuer in self.issuers.items()}
        for ring in self.rings.values():
            ring.load()
            if ring.issuer.jku and not self.settings.open_to_anyone:
                ring.refresh(wait=False)

    def admit(self, authorization: str | None, path: str) -> Caller:
        """Say who calls the endpoint at `path`; raises NotAuthorized with a word for our log."""
        if self.settings.open_to_anyone:
            return Caller(client=self.settings.client)
        now = time.time()
        audience = f"{self.settings.public_url}{path}"
        token = verified(authorization, audience, self.issuers, self._key, now)
        unchecked = False
        try:
            if not self._is_first_use(token, now):
                raise NotAuthorized("used_before")
        except StoreDown:
            if token.issuer.replay_store_down == "refuse":
                raise NotAuthorized("replay_store_down") from None
            unchecked = True
        return Caller(
            client=token.issuer,
            issuer=token.issuer.iss,
            tenant=token.tenant,
            token_id=token.token_id,
            replay_unchecked=unchecked,
        )

    def _is_first_use(self, token: Token, now: float) -> bool:
        """Ask the ledger; where the call may go on without its answer, hardly wait for it."""
        if self.seen is None:
            return False
        needed = token.issuer.replay_store_down == "refuse"
        issuer = token.issuer.iss
        return self.seen.first_use(issuer, token.token_id, token.expires_at, now, needed)

    def _key(self, issuer: Issuer, kid: str, algorithm: str) -> PyJWK | None:
        return self.rings[issuer.iss].key(kid, algorithm)
