"""A view becomes a page: bytes with their headers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from jinja2 import Environment
from markupsafe import Markup

from actas.web.asgi import Headers, Send, respond
from actas.web.pages import assets
from actas.web.pages.environment import environment
from actas.web.pages.policy import headers
from actas.web.pages.view import View

Setting = Literal["production", "demo", "development"]
_environment = cache(environment)


@dataclass(frozen=True, slots=True)
class Page:
    """What is sent.

    Attributes:
        status: of the answer.
        headers: of the answer, its length and ``X-Content-Type-Options`` aside, which ``respond`` writes.
        body: the page.
    """

    status: int
    headers: Headers
    body: bytes

    async def send(self, send: Send, *, extra: Headers | None = None, head: bool = False) -> None:
        """Answer with the page.

        Args:
            extra: more headers, a cookie for one.
            head: whether only the headers were asked for.
        """
        every = [*self.headers, *(extra or [])]
        await respond(send, status=self.status, headers=every, body=self.body, head=head)


class Pages:
    """Makes the pages of one installation.

    Args:
        prefix: what stands before every path of this server; empty for most.
        installation: what people know it by.
        setting: what it is for; all but production is marked on every page.
    """

    def __init__(self, *, prefix: str, installation: str, setting: Setting = "production") -> None:
        self._prefix = prefix
        self._installation = installation
        self._setting = setting
        self._engine: Environment = _environment()

    def render(self, view: View, *, status: int = 200) -> Page:
        """Return the page of a view."""
        body = self._engine.get_template(view.template).render(
            view=view,
            installation=self._installation,
            setting=self._setting,
            asset=self._asset,
            style=Markup(assets.style_alone()),  # noqa: S704 -- a file of ours
        )
        return Page(status, headers(view.targets, script=view.script is not None), body.encode("utf-8"))

    def _asset(self, name: str) -> str:
        return assets.address(name, prefix=self._prefix)
