"""A browser without a window: it keeps cookies, reads forms, and goes where it is sent, one step at a time."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

_INPUT = re.compile(r'<input[^>]*\bname="([^"]*)"[^>]*>', re.DOTALL)
_VALUE = re.compile(r'\bvalue="([^"]*)"')
_FORM = re.compile(r'<form[^>]*\baction="([^"]*)"[^>]*>(.*?)</form>', re.DOTALL)


@dataclass
class Browser:
    """One browser at one server.

    Attributes:
        url: of the server.
        response: the last answer.
    """

    url: str
    session: requests.Session = field(default_factory=requests.Session)
    response: requests.Response = field(init=False)

    def get(self, address: str, **parameters: Any) -> requests.Response:
        """Go to an address."""
        self.response = self.session.get(
            urljoin(self.url, address), params=parameters or None, allow_redirects=False, timeout=30
        )
        return self.response

    def form(self) -> tuple[str, dict[str, str]]:
        """The first form of the page: where it leads, and what it carries."""
        found = _FORM.search(self.response.text)
        assert found is not None, self.response.text
        fields: dict[str, str] = {}
        for one in _INPUT.finditer(found[2]):
            value = _VALUE.search(one[0])
            fields[html.unescape(one[1])] = "" if value is None else html.unescape(value[1])
        return html.unescape(found[1]), fields

    def send(self, *, headers: dict[str, str] | None = None, **typed: str) -> requests.Response:
        """Fill in the first form of the page and send it, as a browser does."""
        action, fields = self.form()
        parts = urlsplit(self.url)
        sent = {"Origin": f"{parts.scheme}://{parts.netloc}", "Sec-Fetch-Site": "same-origin"}
        self.response = self.session.post(
            urljoin(self.url, action),
            data={**fields, **typed},
            headers=sent if headers is None else headers,
            allow_redirects=False,
            timeout=30,
        )
        return self.response

    def follow(self) -> requests.Response:
        """Go where the last answer leads, as long as that is this server."""
        while self.response.status_code == 303 and self.location.startswith("/"):
            self.get(self.location)
        return self.response

    @property
    def location(self) -> str:
        """Where the last answer leads."""
        return self.response.headers["location"]

    def answer(self) -> dict[str, str]:
        """What the app is told, in the address to which the browser is sent."""
        assert self.response.status_code == 303, self.response.text
        return {name: value for name, (value,) in parse_qs(urlsplit(self.location).query).items()}

    def sign_in(self, name: str, password: str) -> requests.Response:
        """Type a name and a password, and go on."""
        self.send(name=name, password=password)
        return self.follow()
