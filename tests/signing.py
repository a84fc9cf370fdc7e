"""Makes keys, key sets and signed tokens, as an EHR does and as whoever attacks it would."""

import base64
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def ec_key(curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve)


def public_jwk(key: Private, kid: str, **more: Any) -> dict[str, Any]:
    """Write the public half of a key as a member of a JWK set; `more` goes before the rest."""
    kind = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    shown = kind.to_jwk(key.public_key(), as_dict=True)
    shown.pop("key_ops", None)
    return {**shown, "kid": kid, "use": "sig", **more}


def jwk_set(**keys: Private) -> dict[str, Any]:
    return {"keys": [public_jwk(key, kid) for kid, key in keys.items()]}


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signature(algorithm: str, key: Private, message: str) -> bytes:
    return jwt.get_algorithm_by_name(algorithm).sign(message.encode(), key)


def token(header: dict[str, Any], claims: dict[str, Any], key: Private) -> str:
    """Sign a token with the algorithm that its header names."""
    message = ".".join(b64(json.dumps(part).encode()) for part in (header, claims))
    return f"{message}.{b64(signature(header['alg'], key, message))}"
