"""A browser without a window, for the people of the tour: it keeps cookies and fills in forms.

It reads the pages of the server as any browser does, so that the tour needs no page of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx2

_MOST_STEPS: Final = 10


@dataclass(slots=True)
class Form:
    """A form of a page.

    Attributes:
        action: where it leads.
        fields: what it carries, by name. Which button is pressed is for whoever sends it to say.
    """

    action: str
    fields: dict[str, str] = field(default_factory=dict[str, str])


class Browser:
    """One person's browser.

    Args:
        http: what it sends with; its cookies are this person's alone.
        server: the address of the server.
    """

    def __init__(self, http: httpx2.Client, server: str) -> None:
        self._http = http
        self._server = server

    def get(self, address: str, **parameters: str) -> httpx2.Response:
        """Go to an address, and on to where it leads at this server.

        Raises:
            httpx2.HTTPError: the server does not answer, or answers with an error.
        """
        return self._follow(self._http.get(urljoin(self._server, address), params=parameters or None))

    def send(self, page: httpx2.Response, action: str, **typed: str) -> httpx2.Response:
        """Fill in a form of a page, send it, and go on to where that leads at this server.

        Args:
            action: where the form leads: the path it ends with.
            typed: what the person fills in, or the button that is pressed.

        Raises:
            LookupError: the page has no such form.
            httpx2.HTTPError: the server does not answer, or answers with an error.
        """
        form = _form(page, action)
        if form is None:
            raise LookupError(f"the page at {page.url.path} has no form for {action}")
        headers = {"Origin": self._server, "Sec-Fetch-Site": "same-origin"}
        address = urljoin(self._server, form.action)
        return self._follow(self._http.post(address, data={**form.fields, **typed}, headers=headers))

    def _follow(self, answer: httpx2.Response) -> httpx2.Response:
        """Go on while the server leads to itself; what leads elsewhere is returned as it is."""
        for _ in range(_MOST_STEPS):
            if not answer.is_redirect:
                return answer.raise_for_status()
            address = urljoin(str(answer.url), answer.headers["location"])
            if not address.startswith(f"{self._server}/"):
                return answer
            answer = self._http.get(address)
        raise LookupError(f"{self._server} leads in a circle")


def asks(page: httpx2.Response, action: str) -> bool:
    """Whether a page has a form that leads to this path."""
    return _form(page, action) is not None


def _form(page: httpx2.Response, action: str) -> Form | None:
    reader = _Forms()
    reader.feed(page.text)
    return next((one for one in reader.found if urlsplit(one.action).path == action), None)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._within = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See a form begin, or one of its fields."""
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(has.get("action", "")))
            self._within = True
        elif tag == "input" and self._within and has.get("name"):
            self.found[-1].fields[has["name"]] = has.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """See a form end."""
        if tag == "form":
            self._within = False
