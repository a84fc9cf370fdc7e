"""Reads a bearer token and says whose it is, or by a fixed word why it is nobody's.

Around PyJWT stand the checks that it leaves to its user: one meaning of every member, one spelling
of every part, a lifetime that ends soon, a key that is bound to its algorithm.
Source: CDS Hooks 2.0, "Trusting CDS Clients"; RFC 7515, 7518, 7519, 8725.
"""

import base64
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import jwt
from jwt import PyJWK

from service.clients import Issuer
from service.errors import NotAuthorized

LEEWAY_S = 60
MOST_LIFETIME_S = 3600
MOST_CHARACTERS = 16 * 1024
_LONGEST_ID = 255
_BEARER = re.compile(
    r"[Bb][Ee][Aa][Rr][Ee][Rr] ([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)"
)
_UNSUPPORTED = ("crit", "b64", "zip", "cty", "enc")
KeyOf = Callable[[Issuer, str, str], PyJWK | None]  # issuer, kid and algorithm to a key


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A token that is genuine: whose it is, which tenant's, its id, and until when it is valid."""

    issuer: Issuer
    tenant: str | None
    token_id: str
    expires_at: float


@contextmanager
def _nothing_breaks_in() -> Iterator[None]:
    """Refuse whatever is broken: what a hostile token breaks does not let it in."""
    try:
        yield
    except NotAuthorized:
        raise
    except Exception as problem:
        raise NotAuthorized("unreadable") from problem


@_nothing_breaks_in()
def verified(
    authorization: str | None,
    audience: str,
    issuers: Mapping[str, Issuer],
    key_of: KeyOf,
    now: float,
) -> Token:
    """Verify the Authorization header of a call to `audience`; raises NotAuthorized, nothing else.

    `now` is in seconds since 1970. The order of the checks is that of the CDS Hooks best practices:
    issuer, audience, times, tenant, signature; that it was never used before, the caller checks.
    """
    compact, *parts = _parts(authorization)
    header, claims = (_object(part) for part in parts)
    issuer = issuers.get(_text(claims, "iss"))
    if issuer is None:
        raise NotAuthorized("issuer_unknown")
    _check_audience(claims.get("aud"), (audience, *issuer.audiences))
    expires_at = _check_times(claims, now)
    tenant = _tenant(claims, issuer)
    token_id = _text(claims, "jti")
    if len(token_id) > _LONGEST_ID or token_id != token_id.strip() or not token_id.isprintable():
        raise NotAuthorized("jti_malformed")
    _check_signature(compact, header, issuer, key_of)
    return Token(issuer=issuer, tenant=tenant, token_id=token_id, expires_at=expires_at)


def _parts(authorization: str | None) -> tuple[str, bytes, bytes]:
    """Take an Authorization header apart: the compact token, its decoded header and claims."""
    if authorization is None:
        raise NotAuthorized("no_token")
    if len(authorization) > MOST_CHARACTERS:
        raise NotAuthorized("too_long")
    found = _BEARER.fullmatch(authorization)
    if found is None:
        raise NotAuthorized("malformed")
    decoded = [_bytes_of(part) for part in found.groups()]
    return ".".join(found.groups()), decoded[0], decoded[1]


def _bytes_of(part: str) -> bytes:
    """Decode base64url; a second spelling of the same bytes is refused."""
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise NotAuthorized("malformed") from None
    if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() != part:
        raise NotAuthorized("malformed")
    return decoded


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(
            text.decode(), object_pairs_hook=_members, parse_constant=_refuse, parse_int=_number
        )
    except (ValueError, RecursionError):
        raise NotAuthorized("malformed") from None
    if not isinstance(found, dict):
        raise NotAuthorized("malformed")
    return found


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotAuthorized("duplicate_member")
    return found


def _refuse(_name: str) -> NoReturn:
    raise NotAuthorized("malformed")


def _number(text: str) -> int:
    if len(text) > 20:
        raise NotAuthorized("malformed")
    return int(text)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise NotAuthorized(f"{name}_missing")
    return value


def _check_audience(given: Any, accepted: tuple[str, ...]) -> None:
    audiences = given if isinstance(given, list) else [given]
    if not audiences or not all(isinstance(one, str) for one in audiences):
        raise NotAuthorized("aud_malformed")
    if not any(one in accepted for one in audiences):
        raise NotAuthorized("aud_other")


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise NotAuthorized(f"{name}_malformed")
    return float(value)


def _check_times(claims: Mapping[str, Any], now: float) -> float:
    """Check that a token is valid now and for no longer than an hour in all; give its end."""
    expires_at, issued_at = _time(claims, "exp"), _time(claims, "iat")
    if expires_at + LEEWAY_S <= now:
        raise NotAuthorized("expired")
    if issued_at > now + LEEWAY_S:
        raise NotAuthorized("issued_in_the_future")
    if "nbf" in claims and _time(claims, "nbf") > now + LEEWAY_S:
        raise NotAuthorized("not_yet_valid")
    if not 0 < expires_at - issued_at <= MOST_LIFETIME_S:
        raise NotAuthorized("lives_too_long")
    return expires_at + LEEWAY_S


def _tenant(claims: Mapping[str, Any], issuer: Issuer) -> str | None:
    if "tenant" not in claims:
        return None
    tenant = claims["tenant"]
    if not isinstance(tenant, str) or tenant not in issuer.tenants:
        raise NotAuthorized("tenant_unknown")
    return tenant


def _check_signature(
    compact: str, header: Mapping[str, Any], issuer: Issuer, key_of: KeyOf
) -> None:
    """Check the signature with the issuer's own key for the algorithm that the header names.

    Nothing in the header is fetched: `jku` is compared with what was registered, `jwk`, `x5c` and
    `x5u` are not read at all.
    """
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in issuer.algorithms:
        raise NotAuthorized("alg_not_accepted")
    if header.get("typ") != "JWT" or any(name in header for name in _UNSUPPORTED):
        raise NotAuthorized("header_not_accepted")
    if not isinstance(kid, str) or not kid:
        raise NotAuthorized("kid_missing")
    if "jku" in header and (issuer.jku is None or header["jku"] != issuer.jku):
        raise NotAuthorized("jku_other")
    key = key_of(issuer, kid, algorithm)
    if key is None:
        raise NotAuthorized("key_unknown")
    try:
        jwt.api_jws.PyJWS(algorithms=[algorithm]).decode(compact, key, algorithms=[algorithm])
    except jwt.PyJWTError as problem:
        raise NotAuthorized("signature") from problem
