"""Views become pages."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError
from tests.fakes.page_samples import CSRF, HOSTILE, REASONS_PAGE, USUAL, samples

from actas.web.pages import assets, rendering
from actas.web.pages.answers import Message
from actas.web.pages.rendering import Pages
from actas.web.pages.sign_in import SignIn
from actas.web.pages.view import View

PAGES = Pages(prefix="/tenant", installation="acme")
EMPTY = {"meta", "link", "input", "circle", "path"}


class Forms(HTMLParser):
    """The forms of a page, each with its fields, and whether every element was closed."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.forms: list[tuple[dict[str, str | None], list[dict[str, str | None]]]] = []
        self.open: list[str] = []
        self.headings = 0
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        if tag not in EMPTY:
            self.open.append(tag)
        if tag == "form":
            assert "form" not in self.open[:-1]
            self.forms.append((dict(attrs), []))
        if tag in {"input", "button"}:
            self.forms[-1][1].append(dict(attrs))
        self.headings += tag == "h1"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            assert self.open.pop() == tag


def _every(words: Any) -> list[Any]:
    return [pytest.param(view, id=name) for name, view in samples(words).items()]


@pytest.mark.parametrize("view", [*_every(USUAL), *_every(HOSTILE), REASONS_PAGE])
def test_a_page_is_whole_and_says_what_it_is_about(view: View) -> None:
    page = PAGES.render(view)
    read = Forms(page.body)
    assert read.open == []
    assert read.headings == 1
    assert f"<title>{view.title} · acme</title>".encode() in page.body


@pytest.mark.parametrize("view", _every(USUAL))
def test_every_form_posts_and_proves_its_page(view: View) -> None:
    for form, fields in Forms(PAGES.render(view).body).forms:
        assert form["method"] == "post"
        ours = (form["action"] or "").startswith("/")
        proof = [one["value"] for one in fields if one.get("name") == "csrf"]
        assert proof == ([CSRF] if ours else [])


def test_every_template_belongs_to_a_view() -> None:
    folder = Path(rendering.__file__).parent / "templates"
    used = {view.template for view in (*samples(USUAL).values(), REASONS_PAGE)} | {"base.html", "parts.html"}
    assert {path.name for path in folder.iterdir()} == used


def test_a_page_may_lead_where_its_view_says() -> None:
    view = SignIn(action="/sign-in", csrf=CSRF, leads_to=("https://notes.example/cb",))
    policy = dict(PAGES.render(view).headers)[b"content-security-policy"]
    assert b"form-action 'self' https://notes.example;" in policy
    assert (
        b"form-action 'self';"
        in dict(PAGES.render(replace(view, leads_to=())).headers)[b"content-security-policy"]
    )


def test_what_a_template_asks_for_and_nobody_gave_is_an_error() -> None:
    class Broken(View):
        template = Message.template
        title = "Broken"

    with pytest.raises(UndefinedError):
        PAGES.render(Broken())


def test_an_installation_that_is_not_for_work_says_so() -> None:
    demo = Pages(prefix="", installation="acme", setting="demo").render(Message(sentence="Done"))
    assert b'class="strip demo"' in demo.body
    assert b"strip" not in PAGES.render(Message(sentence="Done")).body


async def test_a_page_is_sent_with_its_headers_and_more() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    page = PAGES.render(Message(sentence="Done"), status=400)
    await page.send(send, extra=[(b"set-cookie", b"a=b")])
    await page.send(send, head=True)
    assert sent[0]["status"] == 400
    assert (b"set-cookie", b"a=b") in sent[0]["headers"]
    assert (b"content-type", b"text/html; charset=utf-8") in sent[0]["headers"]
    assert [one["body"] for one in sent[1::2]] == [page.body, b""]


def test_a_page_names_only_files_that_are_served() -> None:
    page = PAGES.render(Message(sentence="Done")).body.decode()
    named = {piece.split('"')[0] for piece in page.split('href="')[1:]}
    assert named <= set(assets.endpoints("/tenant"))
