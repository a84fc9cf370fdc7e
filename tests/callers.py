"""Registered callers of a production service: two tenants of one issuer, and another issuer."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from house import CALL_PATH, production
from signing import ec_key, jwk_set, token

ADDRESS = "https://cds.example.org"
FEEDBACK_PATH = f"{CALL_PATH}/feedback"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """One who can sign the tokens that let him in."""

    iss: str
    tenant: str | None = None
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec_key(ec.SECP384R1()))

    def headers(self, path: str) -> dict[str, str]:
        now = int(time.time())
        claims = {
            "iss": self.iss, "aud": f"{ADDRESS}{path}", "jti": str(uuid4()),
            "iat": now, "exp": now + 300,
        }  # fmt: skip
        if self.tenant:
            claims["tenant"] = self.tenant
        header = {"alg": "ES384", "kid": "k", "typ": "JWT"}
        return {"Authorization": f"Bearer {token(header, claims, self.key)}"}


NORTH = Caller(iss="https://ehr.example.org/", tenant="north")
SOUTH = Caller(iss=NORTH.iss, tenant="south", key=NORTH.key)
ELSEWHERE = Caller(iss="https://elsewhere.example.org/")


def registered(folder: Path, **changes: Any) -> dict[str, Any]:
    """Settings of a production service that knows all three."""
    issuers = []
    for number, one in enumerate((NORTH, ELSEWHERE)):
        file = folder / f"keys-of-{number}.json"
        file.write_text(json.dumps(jwk_set(k=one.key)))
        tenants = [NORTH.tenant, SOUTH.tenant] if one is NORTH else []
        issuers.append({"iss": one.iss, "keys_file": str(file), "tenants": tenants})
    spool = {"spool_folder": str(folder / "spool")}
    return {**production(folder, issuers), "public_url": ADDRESS, **spool, **changes}
