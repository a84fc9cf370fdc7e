"""The command `canary`: calls a running service with every emergency, and says which was missed."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click
import msgspec
import requests

from service.content import content_folder
from service.content.canaries import Canary, canaries
from service.errors import BadContent, BadSetting
from service.web import hook
from service.web.answer import today
from service.web.canaries import call_of, is_heard, now_s, told

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_LIFETIME_S = 300
_ALGORITHMS = {"secp384r1": "ES384", "secp256r1": "ES256"}  # by the curve of the key
_CONNECT_S = 5.0
_LONGEST_WAIT_S = 30.0  # for a card that is late already, to tell how late
# The service, or a proxy before it, does not take the call: nothing is said of its advice.
_TURNED_AWAY = frozenset({301, 302, 303, 307, 308, 401, 403, 404, 405, 407, 421, 502, 503, 504})
MISSED, NOT_REACHED = 1, 2


class NotReached(Exception):
    """The service could not be called at all; the text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signer:
    """Makes a new token for each call, as a registered issuer does."""

    iss: str
    kid: str
    key: "RSAPrivateKey | EllipticCurvePrivateKey"
    algorithm: str

    def token(self, audience: str, now: float) -> str:
        """Sign a token for one call to an address; `now` is in seconds since 1970."""
        import jwt

        issued = int(now)
        claims = {
            "iss": self.iss,
            "aud": audience,
            "iat": issued,
            "exp": issued + _LIFETIME_S,
            "jti": str(uuid4()),
        }
        return jwt.encode(claims, self.key, algorithm=self.algorithm, headers={"kid": self.kid})


def signer(iss: str, key_file: Path, kid: str) -> Signer:
    """Read a private key in PEM: RSA signs by RS384, P-384 by ES384, P-256 by ES256.

    Raises BadSetting, without a word of the file.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        raise BadSetting("--key-file", expected="a private key in PEM, not encrypted") from None
    if isinstance(key, rsa.RSAPrivateKey):
        return Signer(iss=iss, kid=kid, key=key, algorithm="RS384")
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _ALGORITHMS:
        return Signer(iss=iss, kid=kid, key=key, algorithm=_ALGORITHMS[key.curve.name])
    raise BadSetting("--key-file", expected="a key of RSA, P-384 or P-256")


@dataclass(kw_only=True)
class Flight:
    """Calls to one service, each a canary; `within_s` is how long a card may take, in seconds."""

    url: str
    within_s: float
    signer: Signer | None = None

    @property
    def endpoint(self) -> str:
        """The address that is called, and that tokens are made out to."""
        return f"{self.url.rstrip('/')}{hook.CALL_PATH}"

    def missed(self, there: tuple[Canary, ...]) -> Iterator[str]:
        """Call with each at signing, with the first at selecting; tell of each that is missed.

        Raises NotReached.
        """
        calls = [(canary, hook.HOOKS[1]) for canary in there]
        with requests.Session() as session:
            for canary, of_hook in [(there[0], hook.HOOKS[0]), *calls]:
                problem = self._problem(session, canary, of_hook)
                if problem:
                    yield (
                        f"MISSED {canary.id} ({of_hook}): expected the critical card "
                        f"{canary.expects} within {self.within_s:g} s, got {problem}"
                    )

    def _problem(self, session: requests.Session, canary: Canary, of_hook: str) -> str | None:
        """Say what came instead of the card, or nothing; raises NotReached."""
        try:
            answer = self._answer(session, canary, of_hook)
        except requests.ReadTimeout:
            return f"no answer in {self._patience_s:g} s"
        except requests.RequestException as problem:
            raise NotReached(f"cannot be reached ({type(problem).__name__})") from None
        if answer.status_code in _TURNED_AWAY:
            raise NotReached(f"refuses the call with status {answer.status_code}")
        if answer.status_code != requests.codes.ok:
            return f"status {answer.status_code}"
        try:
            cards = msgspec.json.decode(answer.content)["cards"]
            heard, came = is_heard(canary, cards), told(cards)
        except (msgspec.MsgspecError, KeyError, TypeError):
            return "an answer without cards"
        if not heard:
            return came
        took_s = answer.elapsed.total_seconds()
        return f"it after {took_s:.1f} s" if took_s > self.within_s else None

    @property
    def _patience_s(self) -> float:
        return max(self.within_s, _LONGEST_WAIT_S)

    def _answer(self, session: requests.Session, canary: Canary, of_hook: str) -> requests.Response:
        headers = {"Content-Type": "application/json"}
        if self.signer:
            headers["Authorization"] = f"Bearer {self.signer.token(self.endpoint, now_s())}"
        return session.post(
            self.endpoint,
            data=msgspec.json.encode(call_of(canary, of_hook, today(UTC))),
            headers=headers,
            timeout=(_CONNECT_S, self._patience_s),
            allow_redirects=False,
        )


@click.command()
@click.argument("url")
@click.option("--within", default=4.0, metavar="SECONDS", help="How long a card may take (4).")
@click.option("--every", type=float, metavar="SECONDS", help="Again and again, until stopped.")
@click.option("--quiet", is_flag=True, help="Say only what is wrong.")
@click.option("--iss", metavar="ISS", help="The registered issuer whose tokens are shown.")
@click.option(
    "--key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="PEM",
    help="The private key that signs them.",
)  # fmt: skip
@click.option("--kid", metavar="KID", help="The name of that key.")
def canary(url: str, within: float, every: float | None, quiet: bool, **signed: Any) -> None:
    """Call the service at URL with every emergency of the canaries.

    Prints a line for each whose critical card did not come in time.
    Exit code 0: all came; 1: one did not; 2: the service cannot be reached, or refuses.
    """
    try:
        there = canaries(content_folder())
        flight = Flight(url=url, within_s=within, signer=_signer_of(signed))
    except (BadContent, BadSetting) as problem:
        raise click.UsageError(str(problem)) from problem
    while True:
        code = _told(flight, there, quiet)
        if every is None:
            raise SystemExit(code)
        time.sleep(every)


def _signer_of(signed: dict[str, Any]) -> Signer | None:
    given = [value is not None for value in signed.values()]
    if any(given) and not all(given):
        raise click.UsageError("--iss, --key-file and --kid belong together")
    return signer(**signed) if all(given) else None


def _told(flight: Flight, there: tuple[Canary, ...], quiet: bool) -> int:
    """Fly once, print what is wrong and, unless quiet, what is well; give the exit code."""
    missed = 0
    try:
        for line in flight.missed(there):
            missed += 1
            click.echo(line)
    except NotReached as problem:
        click.echo(f"NOT REACHED {flight.endpoint} {problem}")
        return MISSED if missed else NOT_REACHED
    if missed:
        click.echo(f"{missed} of {len(there) + 1} calls did not get their card")
    elif not quiet:
        click.echo(f"all {len(there) + 1} calls got their card")
    return MISSED if missed else 0
