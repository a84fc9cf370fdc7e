"""The public keys of issuers: from a file, or from their registered key server, kept in memory."""

import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jwt import PyJWK, PyJWTError

from service.clients import Issuer
from service.ehr.get import Getter
from service.ehr.leash import Leash, tls_context
from service.errors import BadSetting, FhirServerError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

FETCH_S = 2.0
STALE_WAIT_S = 0.5  # so long newer keys are waited for while there are older ones
MOST_BYTES = 256 * 1024
MOST_KEYS = 100
COOLDOWN_S = 30.0  # between two tries, whatever is asked for
FRESH_S = 3600.0  # at most, if the key server does not say less
KEPT_S = 24 * 3600.0  # so long the last keys serve while the key server fails
_SMALLEST_RSA_BITS = 2048
_FAMILIES = {"RS": "RSA", "PS": "RSA", "ES": "EC"}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
# Keys that chips of one maker made can be computed from their public halves (CVE-2017-15361). Such
# a modulus is, modulo each small prime, a power of this base; of other keys, 1 in 2**27 is so.
_BROKEN_BASE = 65537
_BROKEN_POWERS = {
    prime: frozenset(pow(_BROKEN_BASE, exponent, prime) for exponent in range(prime))
    for prime in range(3, 168)
    if all(prime % smaller for smaller in range(2, prime))
}
_MAX_AGE = re.compile(r"max-age=(\d{1,9})")


def read_keys(content: object) -> dict[str, Mapping[str, Any]]:
    """Index the keys of a JWK set by their ids; an id that names two keys names none."""
    keys = content.get("keys") if isinstance(content, dict) else None
    found: dict[str, Mapping[str, Any]] = {}
    twice: set[str] = set()
    for key in keys[:MOST_KEYS] if isinstance(keys, list) else ():
        kid = key.get("kid") if isinstance(key, dict) else None
        if not isinstance(kid, str) or not kid:
            continue
        if kid in found and found[kid] != key:
            twice.add(kid)
        found[kid] = key
    return {kid: key for kid, key in found.items() if kid not in twice}


def bound(key: Mapping[str, Any], algorithm: str) -> PyJWK | None:
    """Bind a key to one algorithm; None where it is not made for it, or for verifying at all."""
    operations = key.get("key_ops")
    fits = (
        key.get("kty") == _FAMILIES.get(algorithm[:2])
        and key.get("alg") in (None, algorithm)
        and key.get("use") in (None, "sig")
        and (operations is None or (isinstance(operations, list) and "verify" in operations))
        and _CURVES.get(algorithm) == key.get("crv")
        and "d" not in key  # a private key that was published is nobody's secret
    )
    if not fits:
        return None
    try:
        made = PyJWK(dict(key), algorithm=algorithm)
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None
    return made if key.get("kty") == "EC" or _is_strong(made.key) else None


def _is_strong(key: "RSAPublicKey") -> bool:
    """Whether nobody can be expected to compute the private half."""
    modulus = key.public_numbers().n
    broken = all(modulus % prime in powers for prime, powers in _BROKEN_POWERS.items())
    return key.key_size >= _SMALLEST_RSA_BITS and not broken


@dataclass(kw_only=True)
class KeyRing:
    """The keys of one issuer. A token never makes it ask more often than the cooldown allows."""

    issuer: Issuer
    _from_file: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _fetched: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _fetched_at: float = float("-inf")
    _fresh_s: float = FRESH_S
    _tried_at: float = float("-inf")
    _asking: threading.Event | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    failures: int = 0

    def load(self) -> None:
        """Read the keys that were exchanged out of band; raises BadSetting."""
        file = self.issuer.keys_file
        if file is None:
            return
        try:
            self._from_file = read_keys(json.loads(file.read_bytes()))
        except (OSError, ValueError, RecursionError):
            raise BadSetting("issuers.keys_file", expected="a JWK set that can be read") from None
        if not self._from_file:
            raise BadSetting("issuers.keys_file", expected="a JWK set with at least one kid")

    def key(self, kid: str, algorithm: str) -> PyJWK | None:
        """Give a key by its exact id, bound to an algorithm; None where there is none such."""
        found = self._from_file.get(kid) or self._known(kid)
        return bound(found, algorithm) if found is not None else None

    def _known(self, kid: str) -> Mapping[str, Any] | None:
        if self.issuer.jku is None:
            return None
        age_s = time.monotonic() - self._fetched_at
        if age_s > KEPT_S:
            self._fetched = {}
        known = kid in self._fetched
        if not known or age_s > self._fresh_s:
            self.refresh(wait=True)  # a key that was taken back is not to be used once more
        return self._fetched.get(kid)

    def refresh(self, *, wait: bool) -> None:
        """Ask the registered key server, at most once a cooldown; waiting for it is optional.

        Who finds others asking waits with them only while there is no key at all.
        """
        with self._lock:
            asking, mine = self._asking, False
            now = time.monotonic()
            if asking is None and now - self._tried_at >= COOLDOWN_S:
                asking, mine = threading.Event(), True
                self._asking, self._tried_at = asking, now
                threading.Thread(target=self._ask, args=(asking,), daemon=True).start()
        if asking is not None and wait and (mine or not self._fetched):
            asking.wait(STALE_WAIT_S if self._fetched else FETCH_S)

    def _ask(self, done: threading.Event) -> None:
        try:
            self._fetched, self._fresh_s = _fetch(self.issuer)
            self._fetched_at = time.monotonic()
            self.failures = 0
        except (FhirServerError, ValueError, RecursionError, OSError):
            self.failures += 1  # the keys of before go on serving
        finally:
            self._asking = None
            done.set()


def _fetch(issuer: Issuer) -> tuple[dict[str, Mapping[str, Any]], float]:
    """Get the keys from where the issuer registered them, and for how many seconds they hold."""
    leash = Leash(deadline=time.monotonic() + FETCH_S, networks=issuer.key_networks)
    context = tls_context(str(issuer.ca_file) if issuer.ca_file else None)
    getter = Getter(
        leash=leash,
        context=context,
        headers={"Accept": "application/json"},
        bytes_left=MOST_BYTES,
        retries=0,
    )
    body, headers = getter.get_alone(issuer.jku or "")
    said = _MAX_AGE.search(headers.get("cache-control", ""))
    fresh_s = min(float(said[1]), FRESH_S) if said else FRESH_S
    content = json.loads(body)
    keys = read_keys(content)
    if not keys and content != {"keys": []}:  # an empty set takes all keys back
        raise ValueError
    return keys, fresh_s
