"""What another domain's authorization server says of itself (RFC 8414): read for people, trusted for nothing.

Nothing that is decided follows from it, but to which of its keys a grant for it is encrypted where a
connection tries that (``recipients``). It is asked for where a connection is looked over or tried, by the
address on record, and says whether the two sides fit; and where a grant is redeemed for a client it says at
which of the addresses that may be (``redeemers``). A stranger wrote it: whatever is odd in it is as if it
were not there. How it is fetched, and within which bounds, is left to ``net.fetch``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from actas.core.ending import stopped
from actas.core.ports import Clock, FetchDocument, FetchFailed, Json
from actas.core.url import read_url
from actas.trust.discovery import takes_form_alone

LARGEST: Final = 256 * 1024
"""Bytes of such a document at most."""

KEPT: Final = 10.0
"""Seconds for which nobody is asked again: whoever looks may look often, and others answer for it."""

_MOST: Final = 256
"""Servers that are remembered at a time."""

_GONE: Final = 404


class NotTheirs(FetchFailed):
    """An answer came, and it is of no use: it is another server's, or no such document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterpart:
    """What a server says of itself, as far as we read it. Its ``issuer`` is the one that was asked for.

    Attributes:
        address: where it says so.
        token_endpoint: where it takes grants; None when it names no address that a client would call.
        grants: the grants that it takes; without a word those of RFC 8414 section 2.
        profiles: of these grants (``authorization_grant_profiles_supported``, ID-JAG section 7.2).
        requested: the types of grants that it gives for others (ID-JAG section 7.1).
        by_form: whether it takes a client's secret in the form alone.
        jwks_uri: where its keys are; None when it does not say.
        encryption_algorithms: by what grants may be encrypted to it, ``encryption_contents`` with what (a
            proposal, JAG-153); empty where it says nothing of that.
        requires_encryption: whether it takes no others.
        ahead: seconds by which its clock is ahead of ours, behind when negative; None when it does not say.
    """

    address: str
    token_endpoint: str | None
    grants: frozenset[str]
    profiles: frozenset[str]
    requested: frozenset[str]
    ahead: float | None
    by_form: bool = False
    jwks_uri: str | None = None
    encryption_algorithms: frozenset[str] = frozenset()
    encryption_contents: frozenset[str] = frozenset()
    requires_encryption: bool = False


class _Kept(NamedTuple):
    task: asyncio.Task[Counterpart]
    at: float


class Counterparts:
    """Asks other domains' servers what they are. Equal questions are one, and the answer is kept a moment.

    Args:
        fetch: the only way out.
        clock: by which theirs are compared.
    """

    def __init__(self, fetch: FetchDocument, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._tasks: set[asyncio.Task[Counterpart]] = set()

    async def describe(self, issuer: str) -> Counterpart:
        """Return what the server says of itself whose issuer identifier that is.

        Args:
            issuer: from the configuration; never from a request.

        Raises:
            NotTheirs: it answers, but not as that server.
            FetchFailed: it does not answer.
        """
        now = self._clock.now()
        kept = self._kept.get(issuer)
        if kept is None or not 0 <= now - kept.at < KEPT:
            task = asyncio.create_task(self._described(issuer), name=f"metadata of {issuer}")
            self._tasks.add(task)
            task.add_done_callback(self._ended)
            kept = _Kept(task, now)
            self._kept.pop(issuer, None)
            while len(self._kept) >= _MOST:
                self._kept.pop(next(iter(self._kept)))
            self._kept[issuer] = kept
        # Whoever gives up ends nobody else's question.
        return await asyncio.shield(kept.task)

    async def aclose(self) -> None:
        """End what is under way."""
        await stopped(self._tasks)

    def _ended(self, task: asyncio.Task[Counterpart]) -> None:
        """Take note of how it ended, also when nobody waits for it any more."""
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()

    async def _described(self, issuer: str) -> Counterpart:
        try:
            addresses = addresses_of(issuer)
        except ValueError as wrong:
            raise FetchFailed(f"{issuer!r:.200} cannot be asked: {wrong}") from None
        for number, address in enumerate(addresses):
            began = self._clock.now()
            try:
                found = await self._fetch.get_document(address, most=LARGEST, listed=True)
            except FetchFailed as failed:
                if failed.status == _GONE and number + 1 < len(addresses):
                    continue  # some know the address of OpenID Connect Discovery alone
                raise _useless(failed) from None
            ahead = _ahead(found.dated, began=began, ended=self._clock.now())
            return _read(found.document, address, issuer=issuer, ahead=ahead)
        raise NotTheirs(f"{issuer} publishes no metadata")


def addresses_of(issuer: str) -> tuple[str, ...]:
    """Return where a server's metadata is: as RFC 8414 section 3.1 has it, then as OpenID Connect does.

    Raises:
        ValueError: it is no address that we would ask.
    """
    url = read_url(issuer)
    if "?" in url.target:
        raise ValueError("an issuer identifier has no query")
    origin, path = f"{url.scheme}://{url.authority}", url.target.rstrip("/")
    return (
        f"{origin}/.well-known/oauth-authorization-server{path}",
        f"{origin}{path}/.well-known/openid-configuration",
    )


def _useless(failed: FetchFailed) -> FetchFailed:
    return failed if failed.status is None else NotTheirs(failed.detail, status=failed.status)


def _ahead(dated: float | None, *, began: float, ended: float) -> float | None:
    """Return by how much a clock is ahead of ours that was read at some time between two of ours.

    ``Date`` has whole seconds, so one of them is nobody's fault.
    """
    if dated is None:
        return None
    if dated > ended:
        return dated - ended
    return min(0.0, dated + 1 - began)


def _read(document: Mapping[str, Json], address: str, *, issuer: str, ahead: float | None) -> Counterpart:
    said = document.get("issuer")
    if said != issuer:
        shown = f"{said!r:.200}" if isinstance(said, str) else "something that is not text"
        raise NotTheirs(f"{address} is another issuer's: it says {shown}, on record is {issuer!r}")
    return Counterpart(
        address=address,
        token_endpoint=_endpoint(document.get("token_endpoint"), address),
        grants=_words(document.get("grant_types_supported", ["authorization_code", "implicit"])),
        profiles=_words(document.get("authorization_grant_profiles_supported")),
        requested=_words(document.get("identity_chaining_requested_token_types_supported")),
        ahead=ahead,
        by_form=takes_form_alone(document),
        jwks_uri=_endpoint(document.get("jwks_uri"), address),
        encryption_algorithms=_words(document.get("id_jag_encryption_alg_values_supported")),
        encryption_contents=_words(document.get("id_jag_encryption_enc_values_supported")),
        requires_encryption=document.get("id_jag_encryption_required") is True,
    )


def _endpoint(value: Json, address: str) -> str | None:
    """Return an address that somebody is to call: https, unless the server itself is not."""
    if not isinstance(value, str):
        return None
    try:
        url = read_url(value)
    except ValueError:
        return None
    return value if url.scheme == "https" or address.startswith("http:") else None


def _words(value: Json) -> frozenset[str]:
    return frozenset(one for one in value if isinstance(one, str)) if isinstance(value, list) else frozenset()
