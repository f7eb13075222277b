"""Attacks through the document by which a client says what it is.

Anybody may name any address as a ``client_id``. So whoever wants to know what there is inside a network names
addresses of it, and reads the answers; whoever runs a host of their own answers with a redirect to one, with
a name that means another address the second time, without end, or with a key set that is elsewhere. Whoever
can write to somebody else's host puts a document there about their own client. Nothing but the one address
that was named may be asked, nothing that is not public, no more than 5 KB of it read, and all that went wrong
looks the same.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.certificates import Authority
from tests.fakes.clock import FixedClock
from tests.fakes.hostile_issuer import Answer, HostileIssuer, endless, gzip_bomb, redirect
from tests.fakes.hostile_issuer import document as answered
from tests.fakes.published import TERMS, document
from tests.fakes.resolver import PUBLIC, LoopbackNetwork, ScriptedResolver

from actas.clients.document import DocumentTerms
from actas.clients.documents import ClientDocuments, DocumentShelf
from actas.core.errors import InvalidRequest
from actas.net.fetch import GuardedFetch
from actas.signin.apps import Strangers

HOST = "agents.example"
CLIENT_ID = f"https://{HOST}/assistant.json"
PATH = "/assistant.json"
SOURCE = "198.51.100.7"


class Rig:
    """A real way out, over TLS, to a host that does what the attacker wants."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.host = HostileIssuer(host=HOST, tls=self.authority.server(HOST))
        self.lookups: dict[str, list[list[str]]] = {HOST: [[PUBLIC]]}
        self.terms = TERMS
        self.shelf = DocumentShelf(TERMS)
        self.private: frozenset[str] = frozenset()
        self.network = LoopbackNetwork(0)

    def strangers(self) -> Strangers:
        self.network = LoopbackNetwork(self.host.port)
        fetch = GuardedFetch(
            resolve=ScriptedResolver(self.lookups),
            network=self.network,
            authorities=self.authority.certificate,
            allowed_hosts=self.private,
        )
        found = ClientDocuments(fetch, FixedClock())
        self.shelf = DocumentShelf(self.terms)
        return Strangers(found.under(self.shelf))

    async def refused(self, client_id: str = CLIENT_ID) -> str:
        """Why an app is not recognized, for administrators. The answer must not say it."""
        with pytest.raises(InvalidRequest) as caught:
            await self.strangers().meet(client_id, source=SOURCE)
        error = caught.value
        assert (error.reason, error.status, error.retry_after) == ("bad_client_document", 400, None)
        assert (error.code, dict(error.members)) == ("invalid_request", {})
        return error.detail


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = Rig(tmp_path)
    async with made.host:
        made.host.answers[PATH] = answered(document())
        yield made


async def test_an_honest_document_is_read(rig: Rig) -> None:
    await rig.strangers().meet(CLIENT_ID, source=SOURCE)
    assert rig.network.asked == [PUBLIC]
    assert [one.target for one in rig.host.requests] == [PATH]


@pytest.mark.requirement("OP-121", "SEC-35")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(rig: Rig, status: int) -> None:
    rig.host.answers["/moved.json"] = answered(document())
    rig.host.answers[PATH] = redirect(status, f"https://{HOST}/moved.json")
    assert "redirect" in await rig.refused()
    assert rig.host.count("/moved.json") == 0


@pytest.mark.requirement("OP-121")
@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=json.dumps(document()).encode(), content_type="text/html"),
        Answer(body=json.dumps(document()).encode(), content_type="text/json"),
        Answer(body=json.dumps(document()).encode(), content_type=None),
        Answer(body=json.dumps(document()).encode(), status=201),
        Answer(body=json.dumps(document()).encode(), status=404),
        Answer(body=b"[]"),
        Answer(body=b'{"client_id": "https://agents.example/assistant.json"'),
        Answer(body=json.dumps(document()).encode()[:-1] + b', "client_id": "https://evil.example/c"}'),
        gzip_bomb(1024 * 1024),
    ],
)
async def test_what_is_no_json_document_is_refused(rig: Rig, answer: Answer) -> None:
    rig.host.answers[PATH] = answer
    await rig.refused()


@pytest.mark.requirement("OP-121")
async def test_a_json_document_of_a_type_of_its_own_is_read(rig: Rig) -> None:
    body = json.dumps(document()).encode()
    rig.host.answers[PATH] = Answer(body=body, content_type="application/client+json; charset=utf-8")
    await rig.strangers().meet(CLIENT_ID, source=SOURCE)
    found = rig.shelf.known(CLIENT_ID)
    assert found is not None
    assert found.sign_in is not None
    assert list(found.sign_in.redirect_uris) == document()["redirect_uris"]  # in outline there is none


@pytest.mark.requirement("OP-127", "SEC-38")
async def test_reading_stops_at_five_kilobytes(rig: Rig) -> None:
    rig.host.answers[PATH] = answered(document(padding="x" * 6000))
    assert "longer than 5 KiB" in await rig.refused()
    rig.host.answers[PATH] = endless()
    assert "longer than 5 KiB" in await rig.refused()
    rig.host.answers[PATH] = answered(document(padding="x" * 4500))
    await rig.strangers().meet(CLIENT_ID, source=SOURCE)


@pytest.mark.requirement("OP-126", "SEC-34")
@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "::1", "fd00:ec2::254", "::ffff:127.0.0.1"],
)
async def test_a_name_of_the_attackers_that_means_an_inner_address_is_not_asked(
    rig: Rig, address: str
) -> None:
    rig.terms = replace(TERMS, hosts=frozenset(), anybody=True)
    rig.lookups = {"evil.example": [[address]], HOST: [[PUBLIC, address]]}
    for client_id in ("https://evil.example/c", CLIENT_ID):
        assert "only public addresses" in await rig.refused(client_id)
        assert rig.network.asked == []


@pytest.mark.requirement("OP-126", "OP-131", "SEC-34")
async def test_a_name_that_means_another_address_the_second_time_is_asked_at_the_first(rig: Rig) -> None:
    rig.lookups = {HOST: [[PUBLIC], ["127.0.0.1"]]}
    await rig.strangers().meet(CLIENT_ID, source=SOURCE)
    assert rig.network.asked == [PUBLIC]


@pytest.mark.requirement("OP-126")
async def test_a_host_that_is_private_is_asked_only_when_it_is_named_for_this_too(rig: Rig) -> None:
    rig.lookups, rig.private = {HOST: [["10.0.0.1"]]}, frozenset({HOST})
    await rig.strangers().meet(CLIENT_ID, source=SOURCE)
    for terms in (
        DocumentTerms(anybody=True, grants=TERMS.grants),
        DocumentTerms(below=frozenset({"example"}), grants=TERMS.grants),
    ):
        rig.terms = terms
        assert "only public addresses" in await rig.refused()


@pytest.mark.requirement("OP-126", "OP-124")
async def test_keys_at_an_inner_address_are_not_asked_for(rig: Rig) -> None:
    rig.terms = replace(TERMS, hosts=frozenset(), anybody=True)
    rig.lookups["inner.example"] = [["10.0.0.1"]]
    for keys_uri in ("https://inner.example/keys", "https://10.0.0.1/keys", f"https://{HOST}:8443/keys"):
        said = document(token_endpoint_auth_method="private_key_jwt", jwks_uri=keys_uri)
        rig.host.answers[PATH] = answered(said)
        await rig.refused()
        assert rig.network.asked == [PUBLIC]


@pytest.mark.requirement("OP-122")
async def test_a_document_that_somebody_put_on_anothers_host_is_about_that_host_or_about_nobody(
    rig: Rig,
) -> None:
    rig.host.answers["/uploads/mine.json"] = answered(document(client_id="https://evil.example/c"))
    assert "another client_id" in await rig.refused(f"https://{HOST}/uploads/mine.json")
    rig.host.answers["/uploads/theirs.json"] = answered(document())
    assert "another client_id" in await rig.refused(f"https://{HOST}/uploads/theirs.json")


@pytest.mark.requirement("OP-126", "SEC-35", "OP-120")
@pytest.mark.parametrize(
    "client_id",
    [
        "https://agents.example@127.0.0.1/",
        "https://agents.example@127.0.0.1/assistant.json",
        "https://127.0.0.1/assistant.json",
        "https://localhost/assistant.json",
        "https://agents.example:443/assistant.json",
        "https://agents.example:22/assistant.json",
        "https://AGENTS.example/assistant.json",
        "https://agents.example/x/../assistant.json",
    ],
)
async def test_an_address_that_tricks_readers_is_not_asked(rig: Rig, client_id: str) -> None:
    for terms in (TERMS, replace(TERMS, hosts=frozenset(), anybody=True)):
        rig.terms = terms
        if client_id.endswith(":22/assistant.json") and not terms.anybody:
            continue  # a listed host is the operator's word
        await rig.refused(client_id)
        assert rig.network.asked == []


@pytest.mark.requirement("OP-126", "OP-128")
async def test_nobody_learns_from_the_answer_what_there_is_at_an_address(rig: Rig) -> None:
    rig.terms = replace(TERMS, hosts=frozenset(), anybody=True)
    rig.lookups |= {"inner.example": [["10.0.0.1"]], "down.example": [[PUBLIC]]}
    rig.host.answers["/secret.json"] = answered(document(client_secret="s3cret"))
    wrong = (
        "https://inner.example/c",
        "https://nowhere.example/c",
        "https://down.example/c",  # answers with a certificate for another name
        f"https://{HOST}/missing.json",
        f"https://{HOST}/secret.json",
    )
    details = {await rig.refused(client_id) for client_id in wrong}  # which looks at all that is told
    assert len(details) == len(wrong)


@pytest.mark.requirement("OP-131")
async def test_where_nobody_is_let_in_nothing_is_asked(rig: Rig) -> None:
    await Strangers().meet(CLIENT_ID, source=SOURCE)
    await rig.strangers().meet("web", source=SOURCE)
    nothing: Any = None
    await rig.strangers().meet(nothing, source=SOURCE)
    assert rig.network.asked == []
