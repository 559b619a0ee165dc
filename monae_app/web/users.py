"""Who asks: a signed cookie makes a browser profile a user, and a private link makes another browser the same one.

Where one person uses the app on their own machine there is one user and no cookie.
"""

from __future__ import annotations

import re
import secrets
from functools import cached_property
from hmac import compare_digest
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Response, g, has_request_context, make_response, redirect, render_template_string, request
from itsdangerous import BadSignature, URLSafeSerializer

from monae_app.jobs.private_files import private_folder, write_private
from monae_app.jobs.registry import LOCAL

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from monae_app.web.settings import Settings

COOKIE = "monae_user"
# Browsers keep no cookie for longer than 400 days; each page that is opened renews it.
COOKIE_SECONDS = 400 * 24 * 3600
SAFE_USER = re.compile(r"u[0-9a-f]{32}")
# What browsers may keep and hand on: nothing there may carry a cookie.
COMMON = ("/assets/", "/_dash-component-suites/", "/api/health")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_HEADER = "X-Monae"


class Users:
    """The users of one server.

    Parameters
    ----------
    settings
        Name the store, and say whether there is more than one user.
    """

    def __init__(self, settings: Settings) -> None:
        self.single = settings.single
        self._store = settings.store

    def current(self) -> str:
        """Return who asks; outside of a request, the user of this machine."""
        if self.single or not has_request_context():
            return LOCAL
        return str(g.monae_user)

    def recovery_token(self, *, renew: bool = False) -> str | None:
        """Return what the private link of the current user ends in; None where there is one user.

        Parameters
        ----------
        renew
            Make the link that was valid so far worthless.
        """
        if self.single:
            return None
        user = self.current()
        path = self._recovery(user)
        if renew or not path.is_file():
            private_folder(path.parent)
            write_private(path, secrets.token_urlsafe(24).encode())
        return f"{user}-{path.read_text(encoding='ascii')}"

    def recovered(self, token: str) -> str | None:
        """Return the user that a recovery token belongs to, or None."""
        user, _, given = token.partition("-")
        if self.single or not SAFE_USER.fullmatch(user):
            return None
        try:
            kept = self._recovery(user).read_bytes()
        except OSError:
            return None
        return user if compare_digest(kept, given.encode()) else None

    def register(self, server: Flask) -> None:
        """Find out who asks before each request, and offer the page that a recovery link opens."""
        _refuse_other_sites(server)
        if self.single:
            return
        server.before_request(self._identify)
        server.after_request(self._remember)
        server.add_url_rule("/recover/<token>", view_func=self._recover, methods=["GET", "POST"])

    def _identify(self) -> None:
        try:
            user = str(self._signer.loads(request.cookies.get(COOKIE, "")))
        except BadSignature:
            user = ""
        g.monae_known = bool(SAFE_USER.fullmatch(user))
        g.monae_user = user if g.monae_known else f"u{secrets.token_hex(16)}"

    def _remember(self, answer: Response) -> Response:
        is_page = answer.mimetype == "text/html"
        # A request that was refused before it was asked who sent it knows no user.
        if "monae_user" not in g or request.path.startswith(COMMON) or (g.monae_known and not is_page):
            return answer
        encrypted = request.is_secure or request.headers.get("X-Forwarded-Proto", "") == "https"
        answer.set_cookie(
            COOKIE,
            str(self._signer.dumps(g.monae_user)),
            max_age=COOKIE_SECONDS,
            secure=encrypted,
            httponly=True,
            samesite="Lax",
        )
        return answer

    def _recover(self, token: str) -> Response:
        user = self.recovered(token)
        if user is not None and request.method == "POST":
            g.monae_user = user
            answer = make_response(redirect("/data", 303))
            answer.mimetype = "text/html"
        else:
            page = render_template_string(RECOVERY_PAGE, known=user is not None, same=user == g.monae_user)
            answer = make_response(page, 200 if user else 404)
        # Not "no-referrer": with that, browsers also hide where the form was sent from.
        answer.headers.update(
            {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY"}
        )
        return answer

    def _recovery(self, user: str) -> Path:
        return self._store / "users" / user / "recovery"

    @cached_property
    def _signer(self) -> URLSafeSerializer:
        return URLSafeSerializer(_secret(self._store), salt="user")


def _secret(store: Path) -> str:
    """Return what this store signs with; made at the first call."""
    path = private_folder(store) / "secret"
    if not path.is_file():
        write_private(path, secrets.token_hex(32).encode())
    return path.read_text(encoding="ascii")


def _refuse_other_sites(server: Flask) -> None:
    """Refuse whatever changes something and was sent by a page of another site.

    Browsers say where a request comes from (Sec-Fetch-Site, or Origin on connections that are not encrypted); a header
    of our own cannot be sent across sites without asking first, and we never allow it.
    """

    @server.before_request
    def refuse() -> tuple[str, int] | None:
        if request.method in SAFE_METHODS or (_from_here() and _has_own_header()):
            return None
        return "Only pages of this app may ask for that.\n", 403


def _from_here() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def _has_own_header() -> bool:
    return OWN_HEADER in request.headers or not request.path.startswith("/api/")


RECOVERY_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your files and runs · Monae App</title><link rel="stylesheet" href="/assets/theme.css"></head>
<body><main class="recovery card">
{% if known and not same %}
<h1>Open your files and runs here?</h1>
<p>This private link belongs to a user of this server. If you go on, this browser shows that user's files and runs,
instead of those that it shows now.</p>
<form method="post"><button class="button primary" type="submit">Yes, open them here</button></form>
<p class="muted">To come back to what this browser shows now, first keep its own link: it stands in the settings.</p>
{% elif known %}
<h1>This browser shows these files and runs already</h1>
<p>Open the link in another browser to see them there.</p>
{% else %}
<h1>This link is not valid</h1>
<p>It may have been replaced by a newer one, or copied incompletely. A valid one stands in the settings of the browser
that you used before.</p>
{% endif %}
<p><a href="/">Back to the app</a></p>
</main></body></html>"""
