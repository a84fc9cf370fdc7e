"""Writes the tokens of the agreed attacks, and registers the issuers whom they abuse."""

import base64
import hashlib
import hmac
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from charts import DATA
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from signing import Private, b64, ec_key, public_jwk, rsa_key, signature

META = json.loads((DATA / "jwt_attacks.meta.json").read_text(encoding="utf-8"))
ROWS = [json.loads(line) for line in (DATA / "jwt_attacks.jsonl").read_text().splitlines()]
HOME, OTHER = (issuer["iss"] for issuer in META["registered"])
EPIC_KID = "d3bmo5HzW61TUgikHZH+A8Tx4UOXz2iOs4KvVU4eLY0="
_MOMENT = re.compile(r"now([+-][0-9.]+)?")
_SIGNED_BY_ANOTHER = {"swap": '"jti":', "tamper": '"sub":'}
Keys = dict[str, Private]


def made_keys() -> Keys:
    """Make the keys of both issuers and of the attacker, by the names that the rows use."""
    made: Keys = {name: rsa_key() for name in ("k1", "kEpic", "ehr2", "attacker")}
    return {**made, "k2": ec_key(ec.SECP384R1()), "k3": ec_key(ec.SECP256R1())}


def issuers(keys: Keys, folder: Path, *, jku: bool = True) -> list[dict[str, Any]]:
    """Register both issuers, their keys in files; `jku` says whether also where they publish."""
    kids = {HOME: {"k1": "k1", "k2": "k2", "k3": "k3", "kEpic": EPIC_KID}, OTHER: {"ehr2": "e2"}}
    registered = []
    for number, known in enumerate(META["registered"]):
        shown = [public_jwk(keys[name], kid) for name, kid in kids[known["iss"]].items()]
        file = folder / f"keys-{number}.json"
        file.write_text(json.dumps({"keys": shown}))
        issuer = {"iss": known["iss"], "keys_file": str(file), "tenants": known.get("tenants", [])}
        registered.append({**issuer, **({"jku": known["jku"]} if jku else {})})
    return registered


def token_of(row: dict[str, Any], keys: Keys, now: float, **claims: Any) -> str:
    """Write the token of a row as of now; `claims` are set beside what the row sets."""
    raw = row["raw"] or {}
    if "token" in raw:
        return raw["token"]
    if "token_len" in raw:
        return ".".join(["A" * (raw["token_len"] // 3)] * 3)
    header, payload = _header(row, raw, keys, now), _payload(row, raw, now, claims)
    spelt = raw.get("b64")
    while True:
        message = f"{_encoded(header, spelt)}.{_encoded(payload, spelt)}"
        signed = message
        if row["sign"] in _SIGNED_BY_ANOTHER:
            signed = f"{_encoded(header)}.{_encoded(_changed(payload, row['sign']))}"
        whole = f"{message}.{_encoded(_signature(row['sign'], signed, keys), spelt)}"
        if spelt != "standard" or "+" in whole or "/" in whole:
            return whole
        payload = _payload(row, raw, now, claims)


def _header(row: dict[str, Any], raw: dict[str, Any], keys: Keys, now: float) -> bytes:
    if "header" in raw:
        return raw["header"].encode()
    members = _kept({**META["base_header"], **row["header_set"]}, row["header_drop"])
    if members.get("kid") == "random":
        members["kid"] = str(uuid4())
    if members.get("jwk") == "attacker-public":
        members["jwk"] = public_jwk(keys["attacker"], "k1")
    if members.get("x5c") == ["attacker-cert"]:
        members["x5c"] = [_certificate(keys["attacker"])]
    return _nested(_written(members, now), raw.get("header_nest")).encode()


def _payload(row: dict[str, Any], raw: dict[str, Any], now: float, claims: dict) -> bytes:
    if "payload_hex" in raw:
        return bytes.fromhex(raw["payload_hex"])
    if "payload" in raw:
        return raw["payload"].encode()
    members = _kept({**META["base_payload"], **row["payload_set"]}, row["payload_drop"])
    text = _nested(_written({**members, **claims}, now), raw.get("payload_nest"))
    return (text[:-1] + raw.get("payload_append", "") + "}").encode()


def _kept(members: dict[str, Any], dropped: list[str]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in dropped}


def _written(members: dict[str, Any], now: float) -> str:
    pairs = (f"{json.dumps(name)}:{_literal(value, now)}" for name, value in members.items())
    return "{" + ",".join(pairs) + "}"


def _literal(value: Any, now: float) -> str:
    """Write a value as JSON; one of the form `now+300` is a moment, `$raw` is JSON as it stands."""
    text = value["$raw"] if isinstance(value, dict) and "$raw" in value else value
    moment = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    if moment:
        return json.dumps(int(now) + json.loads((moment[1] or "0").removeprefix("+")))
    if text == "uuid":
        return json.dumps(str(uuid4()))
    return text if text is not value else json.dumps(value)


def _nested(text: str, depth: int | None) -> str:
    return text if depth is None else f'{text[:-1]},"x":{"[" * depth}{"]" * depth}}}'


def _changed(payload: bytes, how: str) -> bytes:
    """Give another token's payload: what was signed in place of what is sent."""
    name = _SIGNED_BY_ANOTHER[how]
    return re.sub(rf"{name}\"[^\"]*\"", f'{name}"another"', payload.decode()).encode()


def _encoded(content: bytes, spelt: str | None = None) -> str:
    if spelt == "padded":
        return base64.urlsafe_b64encode(content).decode()
    if spelt == "standard":
        return base64.b64encode(content).decode().rstrip("=")
    text = b64(content)
    return f"{text[:4]} {text[4:]}" if spelt == "whitespace" else text


def _signature(how: str, message: str, keys: Keys) -> bytes:
    """Sign as the row says: genuinely, with another's key, with public bytes as a secret…"""
    genuine = signature("RS384", keys["k1"], message)
    bent = {
        "empty": b"",
        "zeros96": bytes(96),
        "trunc": genuine[:-1],
        "flip": genuine[:-1] + bytes([genuine[-1] ^ 1]),
        "swap": genuine,
        "tamper": genuine,
    }
    algorithm, _, name = how.partition(":")
    if how in bent:
        return bent[how]
    if algorithm.startswith("hs"):
        secret = _public_bytes(keys["k1"], name)
        return hmac.new(secret, message.encode(), getattr(hashlib, f"sha{how[2:5]}")).digest()
    if algorithm == "es384der":
        made = signature("ES384", keys[name], message)
        return encode_dss_signature(int.from_bytes(made[:48]), int.from_bytes(made[48:]))
    return signature(algorithm.upper(), keys[name], message)


def _public_bytes(key: Private, form: str) -> bytes:
    """Give what an attacker knows of a key, to be used as a secret."""
    public, shown = key.public_key(), public_jwk(key, "k1")
    forms = {
        "pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "jwk-json": json.dumps(shown).encode(),
        "jwk-n": shown["n"].encode(),
        "empty": b"",
        "kid": b"k1",
    }
    return forms[form]


def _certificate(key: Private) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ehr.example.org")])
    begun = datetime(2026, 1, 1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begun)
        .not_valid_after(begun + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()
