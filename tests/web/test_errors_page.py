"""The page that ``error_uri`` leads to."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from tests.fakes.server import RealServer

from actas.core.reasons import REASONS

EMPTY = {"meta", "br", "hr", "img", "link", "input"}


class Outline(HTMLParser):
    """What a page is made of.

    Attributes:
        ids: every anchor.
        tags: every element, with its attributes.
        open: what was not closed.
        text: what people read.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def page(server: RealServer) -> Outline:
    return Outline(server.get("/errors").body.decode())


def test_every_reason_has_its_anchor(page: Outline) -> None:
    assert [name for name in page.ids if name in REASONS] == list(REASONS)
    assert len(page.ids) == len(set(page.ids))


def test_every_reason_says_what_it_means_and_how_to_mend_it(page: Outline) -> None:
    read = " ".join(page.text.split())
    for text in REASONS.values():
        for sentence in (text.sentence, text.meaning, text.causes, text.remedy):
            assert " ".join(sentence.replace("`", "").split()) in read


@pytest.mark.requirement("SEC-04")
def test_the_page_runs_nothing_and_fetches_nothing(page: Outline, server: RealServer) -> None:
    for tag, attributes in page.tags:
        assert tag not in {"script", "iframe", "object", "embed", "form", "link", "img"}
        assert not any(name.startswith("on") or name in {"src", "style"} for name in attributes)
    policy = server.get("/errors").header("content-security-policy") or ""
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy


def test_the_page_is_whole_and_in_a_language(page: Outline) -> None:
    assert page.open == []
    assert ("html", {"lang": "en"}) in page.tags
    assert [tag for tag, _ in page.tags if tag == "h1"] == ["h1"]
    assert any(
        one == {"name": "viewport", "content": "width=device-width, initial-scale=1"} for _, one in page.tags
    )


def test_the_page_says_nothing_about_the_request(server: RealServer) -> None:
    assert server.get("/errors").body == server.get("/errors?<script>alert(1)</script>").body
