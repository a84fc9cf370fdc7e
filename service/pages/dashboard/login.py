"""The login of the dashboard: one password, a session in a signed cookie, few attempts."""

import hashlib
import hmac

from flask import session
from flask.sansio.app import App
from flask_wtf.csrf import generate_csrf, validate_csrf
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from werkzeug.security import check_password_hash
from wtforms.validators import ValidationError

from service.settings import Settings

PATH = "/dashboard"
_HOURS = 8
_ATTEMPTS = RateLimitItemPerMinute(10)  # of all readers together, in a worker
_SINCE = "let-in-by"


class Login:
    """Lets in who knows the password of the settings; another password ends all sessions."""

    def __init__(self, settings: Settings, password_hash: str) -> None:
        self._hash = password_hash
        self._key = settings.card_key.get_secret_value()
        self._limit = MovingWindowRateLimiter(MemoryStorage())

    def prepare(self, app: App, *, by_tls: bool) -> None:
        """Set the app's cookie: unreadable by scripts, sent to the dashboard by its own pages."""
        app.secret_key = self._derived(b"session")
        app.config.update(
            SESSION_COOKIE_NAME="lumbar-mri-cds-dashboard",
            SESSION_COOKIE_PATH=PATH,
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Strict",
            SESSION_COOKIE_SECURE=by_tls,
            PERMANENT_SESSION_LIFETIME=_HOURS * 3600,
            SESSION_REFRESH_EACH_REQUEST=False,  # those hours begin with the login
            WTF_CSRF_TIME_LIMIT=None,  # a form holds as long as its session
        )

    @property
    def is_inside(self) -> bool:
        """Whether the reader of this request has logged in."""
        told = str(session.get(_SINCE, ""))
        return hmac.compare_digest(told.encode(), self._mark.encode())

    def may_try(self) -> bool:
        """Count an attempt; false if there were too many."""
        return self._limit.hit(_ATTEMPTS, "login")

    def let_in(self, password: str) -> bool:
        """Begin a session if the password is right."""
        if not check_password_hash(self._hash, password):
            return False
        session.clear()
        session.permanent = True
        session[_SINCE] = self._mark
        return True

    def leave(self) -> None:
        """End the session of this request."""
        session.clear()

    @property
    def _mark(self) -> str:
        return self._derived(self._hash.encode()).hex()

    def _derived(self, purpose: bytes) -> bytes:
        return hmac.new(self._key, b"dashboard " + purpose, hashlib.sha256).digest()


def form_token() -> str:
    """Give what a form has to bring along, to show that it is one of this reader's."""
    return str(generate_csrf())


def is_ours(token: str | None) -> bool:
    """Whether a form comes from a page that this reader was shown."""
    try:
        validate_csrf(token)
    except ValidationError:
        return False
    return True
