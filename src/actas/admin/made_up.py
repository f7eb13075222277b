"""Parties that no token proves: for rehearsals from the minutes and for policy tests, never for a grant.

Nothing here is reachable from the pipeline; a house test says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from actas.core.abroad import Acceptance
from actas.core.claims import parse_scope
from actas.core.client import Client, PartyKind
from actas.core.confirmation import Confirmation
from actas.core.impersonation import Form, NamedPerson
from actas.core.lineage import Lineage
from actas.core.party import ANY_CLIENT, OURSELVES, Actor, Identity, MayAct, Otherwise, Party
from actas.core.person import People, Person, VouchedPerson, also_known, subject_of, told_apart
from actas.core.sign_in import Authorization, SignIn
from actas.core.wire import ACCESS_TOKEN, ID_JAG, ID_TOKEN, JWT_GRANT, TokenType
from actas.policy.cases import AskedToken
from actas.subjects.named import party_of_name
from actas.subjects.tenants import in_tenant
from actas.trust.registry import TrustedIssuer


def party_from_event(document: Mapping[str, Any], *, at: int) -> Party:
    """Return the party that an event speaks of, as it was put before the policy.

    Args:
        document: ``subject`` or ``actor`` of an event (``audit.event.party_document``).
        at: when the event was written, seconds since the epoch.
    """
    identity = Identity(str(document["iss"]), str(document["sub"]))
    origin = cast(
        "Mapping[str, str]", document.get("origin") or {"iss": identity.issuer, "sub": identity.subject}
    )
    token = cast("Mapping[str, Any]", document["token"])
    may_act = document.get("may_act")
    claims = {"iss": origin["iss"], "sub": origin["sub"], **document.get("claims", {})}
    if document["issuer"] == OURSELVES:
        claims |= {"iss": identity.issuer, "sub": identity.subject, "client_id": document.get("client")}
    return Party(
        identity=identity,
        origin=Identity(origin["iss"], origin["sub"]),
        kind=cast("PartyKind", document["kind"]),
        issuer_name=str(document["issuer"]),
        origin_name=str(origin.get("name", document["issuer"])),
        token_type=TokenType(str(document["type"])),
        audience=tuple(document.get("audience", ())),
        presenters=_presenters(document.get("presenters")),
        client_id=document.get("client"),
        expires_at=int(token.get("exp") or at),
        issued_at=int(token.get("iat") or at),
        claims=claims,
        scope=parse_scope(document.get("scope", "")) or frozenset(),
        groups=tuple(document.get("groups", ())),
        actors=actors_from_event(document.get("actors", ())),
        may_act=None if may_act is None else MayAct(may_act),
        token_id=token.get("jti"),
        digest=token.get("digest"),
        txn=document.get("txn"),
        impersonation=document.get("impersonation"),
        confirmation=confirmation_from_event(document.get("cnf")),
        lineage=Lineage(),
        known=bool(document.get("known", True)),
        otherwise=_otherwise(document.get("otherwise")),
        details=tuple(document.get("authorization_details", ())),
        encrypted_to=document.get("encrypted_to"),
    )


def named_from_event(event: Mapping[str, Any], subject: Party, *, people: People) -> NamedPerson | None:
    """Return who the subject of an attempt is, when they were only named; None for any other attempt.

    A person of ours is taken as they are now, somebody whom an issuer vouches for as they were then.

    Args:
        subject: as ``party_from_event`` gives them.
    """
    form = event.get("asked", {}).get("form")
    if form is None:
        return None
    person: Person | VouchedPerson | None = people.person(subject.identity.subject)
    if subject.origin != subject.identity:
        person = VouchedPerson(
            subject=subject.identity.subject,
            origin=subject.origin,
            display=subject.identity.subject,
            # An entry names no address, only that there was none.
            email=None if event.get("reason") == "cannot_be_told" else "",
            groups=subject.groups,
            seen_at=subject.issued_at,
        )
    return NamedPerson(form=cast("Form", form), person=person)


def authorization_from_event(event: Mapping[str, Any], subject: Party) -> Authorization:
    """Return what somebody let an app have when they signed in, as far as the entry tells and a rule can ask.

    Args:
        subject: the person, as ``party_from_event`` gives them.
    """
    return Authorization(
        id=subject.token_id or "",
        client=str(event["client"]["name"]),
        sign_in=SignIn(
            person=subject.identity,
            origin=subject.origin,
            origin_name=subject.origin_name,
            groups=subject.groups,
            claims={},
            at=subject.issued_at,
            acr="",
            amr=(),
            sid="",
            ends_at=subject.expires_at,
        ),
        apis=tuple(str(name) for name in event["apis"]),
        scope=subject.scope,
        nonce=None,
        began=subject.issued_at,
    )


def confirmation_from_event(cnf: Mapping[str, str] | None) -> Confirmation | None:
    """Return the keys that an event speaks of, or None when it speaks of none."""
    return None if cnf is None else Confirmation(jkt=cnf.get("jkt"), x5t=cnf.get("x5t#S256"))


def _otherwise(document: Mapping[str, Sequence[str]] | None) -> Otherwise | None:
    if document is None:
        return None
    return Otherwise(tuple(document.get("names", ())), tuple(document.get("groups", ())))


def _presenters(names: Sequence[str] | None) -> frozenset[str] | None:
    if names is None:
        return None
    return ANY_CLIENT if list(names) == ["*"] else frozenset(names)


def actors_from_event(members: Sequence[Mapping[str, Any]]) -> tuple[Actor, ...]:
    """Return the members of a chain that an event speaks of, in its order."""
    return tuple(
        Actor(Identity(one["iss"], one["sub"]), cast("PartyKind", one["kind"]), tuple(one.get("names", ())))
        for one in members
    )


def _type_from(issuer: TrustedIssuer | None) -> TokenType:
    if issuer is None:
        return ACCESS_TOKEN
    return ID_TOKEN if ID_TOKEN in issuer.accepts else next(iter(issuer.accepts), ID_TOKEN)


def party_from_case(
    asked: AskedToken,
    *,
    ourselves: str,
    issuers: Mapping[str, TrustedIssuer],
    clients: Mapping[str, Client],
    presenter: str,
    at: int,
) -> Party:
    """Return the party of a policy test.

    Args:
        ourselves: our own issuer identifier.
        issuers: by name.
        clients: by name; the actors in ``via`` are clients.
        presenter: the client that presents the token.
        at: the instant of the test, seconds since the epoch; the token lives another hour.
    """
    ours = asked.issuer == OURSELVES
    issuer = None if ours else issuers[asked.issuer]
    user = asked.user if issuer is None else _name_at(issuer, asked.user)
    identity = Identity(ourselves, user)
    client = clients.get(asked.user)
    kind: PartyKind = asked.kind or (
        issuer.party_kind if issuer is not None else client.kind if client is not None else "person"
    )
    iss = ourselves if issuer is None else issuer.issuer
    return Party(
        identity=identity,
        origin=Identity(iss, user if ours else told_apart(asked.user)),
        kind=kind,
        issuer_name=asked.issuer,
        origin_name=asked.issuer,
        token_type=ID_TOKEN if asked.is_id_token else _type_from(issuer),
        audience=(presenter,) if asked.is_id_token else asked.audience,
        presenters=frozenset({presenter}) if asked.is_id_token or not ours else None,
        client_id=presenter if ours and not asked.audience else (asked.via[-1] if asked.via else presenter),
        expires_at=at + 3600,
        issued_at=at,
        claims={"iss": iss, "sub": asked.user, **asked.claims},
        scope=asked.scope,
        groups=asked.groups,
        actors=tuple(
            Actor(Identity(ourselves, name), clients[name].kind if name in clients else "unknown")
            for name in reversed(asked.via)
        ),
        txn="test",
        lineage=Lineage(),
    )


def party_of_grant(
    party: Party, accepted: Acceptance, *, known: bool, ourselves: str, people: Mapping[str, Person]
) -> Party:
    """Return whom a grant of another domain tells of in a policy test, as ``subjects.resident`` does.

    Args:
        party: as ``party_from_case`` gives them.
        accepted: says which kind of grant it is, and how they are matched: by their ``sub`` there, or else a
            user of ours, whose name the test says. That it is encrypted where that must be is taken for
            granted.
        known: whether they were here before.
        people: by name.
    """
    person = None if accepted.match == "subject" else people[party.origin.subject]
    theirs, there = in_tenant(party)
    here = there if person is None else person.subject
    named = msgspec.structs.replace(
        theirs,
        identity=Identity(ourselves, here),
        token_type=ID_JAG if accepted.grant == "id_jag" else JWT_GRANT,
        audience=(ourselves,),
        token_id="test",
        groups=party.groups if person is None else person.groups,
        known=known or person is not None,
        encrypted_to="test" if accepted.must_encrypt else None,
    )
    return also_known(named, party)


def person_from_case(
    name: str, *, administrator: AskedToken | None, ourselves: str, people: Mapping[str, Person], at: int
) -> tuple[Party, NamedPerson]:
    """Return the user as whom somebody wants to act in a policy test, as ``subjects.named`` does.

    Args:
        administrator: who wants to; None for the client itself.
        people: by name.
    """
    person = people.get(name)
    identity = Identity(ourselves, subject_of(name))
    party = party_of_name(identity, person, at=at, expires_at=at + 3600, lineage=Lineage())
    form: Form = "by_identifier" if administrator is None else "own_token"
    return party, NamedPerson(form=form, person=person)


def _name_at(issuer: TrustedIssuer, user: str) -> str:
    """Return what the issuer's mapping would call ``user``: tests write the short name."""
    if not issuer.email_domains:
        return f"{issuer.name}:{user}"
    return user if "@" in user else f"{user}@{min(issuer.email_domains)}"
