"""A client that publishes what it is, and a way out that finds its document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from actas.clients.document import DocumentTerms
from actas.clients.documents import ClientDocuments, PublishedClients
from actas.core.ports import Clock, FetchDocument, Fetched, FetchFailed
from actas.core.wire import AUTHORIZATION_CODE, REFRESH
from actas.policy.rule import RuleSpec
from actas.signin.terms import rules_of_strangers, with_userinfo_of
from actas.store.catalog import Catalog

CLIENT_ID = "https://agents.example/assistant.json"
CALLED_BACK = "https://agents.example/callback"
LOCAL = "http://127.0.0.1/callback"
TERMS = DocumentTerms(
    hosts=frozenset({"agents.example"}),
    grants=frozenset({AUTHORIZATION_CODE, REFRESH}),
    apis=frozenset({"orders"}),
)


def document(**changes: Any) -> dict[str, Any]:
    """The document of a public client; ``...`` leaves a member out."""
    said = {
        "client_id": CLIENT_ID,
        "client_name": "Example Assistant",
        "redirect_uris": [CALLED_BACK, LOCAL],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        **changes,
    }
    return {name: value for name, value in said.items() if value is not ...}


class DocumentsAt:
    """Implements ``core.ports.FetchDocument``.

    Attributes:
        documents: what is at each address; an exception is raised instead. Anything else fails.
        fresh_for: what the headers say of all of them.
        asked: every address asked for, how much of it, and whether its host is listed.
    """

    def __init__(self, documents: Mapping[str, Any], *, fresh_for: int | None = None) -> None:
        self.documents: dict[str, Any] = dict(documents)
        self.fresh_for = fresh_for
        self.asked: list[tuple[str, int, bool]] = []

    async def get_document(self, url: str, *, most: int, listed: bool) -> Fetched:
        self.asked.append((url, most, listed))
        found = self.documents.get(url, FetchFailed(f"{url}: nothing is there"))
        if isinstance(found, Exception):
            raise found
        return Fetched(found, self.fresh_for)


@dataclass(frozen=True, kw_only=True)
class Published:
    """Who is let in, and what is found at addresses; by default nobody, and nothing.

    Attributes:
        terms: as the configuration says them.
    """

    terms: DocumentTerms | None = None
    fetch: FetchDocument | None = None

    @property
    def rules(self) -> Iterator[RuleSpec]:
        """What they may have when somebody signs in to them."""
        return rules_of_strangers(self.terms)

    @property
    def documents(self) -> DocumentTerms | None:
        """What a catalog knows of them."""
        return with_userinfo_of(self.terms)

    def clients(self, catalog: Catalog, clock: Clock) -> PublishedClients | None:
        """What finds them under a catalog; None when none is let in."""
        if catalog.published is None or self.fetch is None:
            return None
        return ClientDocuments(self.fetch, clock).under(catalog.published)
