"""Who is at a browser, by its cookies; and whether a form was sent from a page of ours (SEC-77, SEC-78).

Two cookies. One names the browser before anybody has signed in, so that a form can be tied to whom its page
was given; the other holds the text of a session. Neither is readable by scripts, sent by other sites' forms,
or good for another host.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from actas.core.errors import AccessDenied
from actas.core.params import Params
from actas.core.ports import Chance
from actas.signin.proving import Visitor
from actas.web.asgi import Headers, Scope, address, header

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_MOST_COOKIES: Final = 16 * 1024


class Visitors:
    """Knows browsers again.

    Args:
        issuer: our own issuer identifier: forms come from its origin.
        mark: the keyed mark of a thing.
        chance: names browsers.
    """

    def __init__(self, *, issuer: str, mark: Callable[..., str], chance: Chance) -> None:
        parts = urlsplit(issuer)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._secure = parts.scheme == "https"
        self._mark = mark
        self._chance = chance
        prefix = "__Host-" if self._secure else ""
        self._browser = f"{prefix}actas-browser"
        self._session = f"{prefix}actas-session"

    def of(self, scope: Scope) -> tuple[Visitor, Headers]:
        """Return who asks, and the headers by which a browser that has no name yet is given one."""
        cookies = _cookies(scope)
        name = cookies.get(self._browser, "")
        headers: Headers = []
        if not _NAME.fullmatch(name):
            name = self._chance.token(32)
            headers = [self._cookie(self._browser, name)]
        visitor = Visitor(
            source=address(scope),
            agent=b" ".join(header(scope, b"user-agent")).decode("latin-1"),
            browser=self._mark("browser", name),
            session=cookies.get(self._session) or None,
        )
        return visitor, headers

    def csrf(self, visitor: Visitor, action: str) -> str:
        """Return what a form that is posted to ``action`` from a page of this browser carries."""
        return self._mark("form", visitor.browser, action)

    def require_own_form(
        self, scope: Scope, form: Params, visitor: Visitor, *, of: str | None = None
    ) -> None:
        """Return when a form was sent from a page that this browser was given.

        Args:
            of: what its ``csrf`` was made for, when that is not its path.

        Raises:
            AccessDenied: it was not, as far as anybody can tell.
        """
        origins = header(scope, b"origin")
        if origins:
            own = origins == [self._origin.encode("ascii")]
        else:
            own = header(scope, b"sec-fetch-site") == [b"same-origin"]
        if not own:
            raise AccessDenied("forged_form", detail="the form was not sent from a page of this server")
        wanted = self.csrf(visitor, str(scope["path"]) if of is None else of)
        if not hmac.compare_digest(wanted.encode(), (form.get("csrf") or "").encode()):
            raise AccessDenied("forged_form", detail="the form belongs to another browser or another page")

    def require_own_link(self, scope: Scope, form: Params, visitor: Visitor) -> None:
        """Return when somebody follows a link of a page that this browser was given.

        Raises:
            AccessDenied: as far as anybody can tell, they do not.
        """
        wanted = self.csrf(visitor, str(scope["path"]))
        if not hmac.compare_digest(wanted.encode(), (form.get("csrf") or "").encode()):
            raise AccessDenied("forged_form", detail="the link belongs to another browser or another page")

    def keep(self, session: str) -> Headers:
        """Return the header by which a browser keeps a session."""
        return [self._cookie(self._session, session)]

    def forget(self) -> Headers:
        """Return the header by which a browser forgets its session."""
        return [self._cookie(self._session, "", more="; Max-Age=0")]

    def _cookie(self, name: str, value: str, *, more: str = "") -> tuple[bytes, bytes]:
        secure = "; Secure" if self._secure else ""
        text = f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}"
        return b"set-cookie", text.encode("ascii")


def _cookies(scope: Scope) -> dict[str, str]:
    """Return the cookies of a request; of two of one name none, for one may be somebody else's."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    text = b"; ".join(header(scope, b"cookie")).decode("latin-1")[:_MOST_COOKIES]
    for piece in text.split(";"):
        name, _, value = piece.strip().partition("=")
        if name in found:
            twice.add(name)
        found[name] = value.strip('"')
    return {name: value for name, value in found.items() if name not in twice}
