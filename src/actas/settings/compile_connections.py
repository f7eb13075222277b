"""Forms of connections turned into the values that the other packages work with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from actas.core.abroad import LONGEST_GRANT, Abroad, Acceptance
from actas.core.party import OURSELVES
from actas.core.secret import Secret
from actas.policy.connections import Connected, Connection
from actas.settings.compile_chaining import (
    optional_of,
    present,
    shown_by,
    sold_by,
    sources_of,
    ways_of,
)
from actas.settings.compile_identifiers import named, subject_id
from actas.settings.compile_parties import own_key
from actas.settings.schema_chaining import each_scope
from actas.settings.schema_connections import ConnectedPeople, ConnectionForm, ResourceForm
from actas.settings.schema_identifiers import IdentifiersForm
from actas.settings.shaped import Item
from actas.trust.registry import AsClient

_EVERYBODY = ConnectedPeople.model_construct()
_PLAIN = IdentifiersForm.model_construct()


def vouching(items: Iterable[Item[ConnectionForm]], secrets: Mapping[str, Secret]) -> Iterator[Connection]:
    """Yield the connections by which this server vouches for its people.

    Args:
        secrets: by which other servers know this one, by connection.
    """
    for item in items:
        form = item.form
        if form.resource is not None:
            ourselves = _ourselves(form, form.resource, secrets.get(form.name))
            yield _connection(form, form.resource, ourselves, place=item.written.place)


def believing(items: Iterable[Item[ConnectionForm]]) -> Iterator[Acceptance]:
    """Yield those by which it believes another domain's server."""
    for item in items:
        form, people = item.form, item.form.people or _EVERYBODY
        if form.from_ is not None and form.api is not None:
            yield Acceptance(
                name=form.name,
                issuer=form.from_,
                client=form.client,
                api=form.api,
                scopes=frozenset(form.scopes or ()),
                details=tuple(form.authorization_details or ()),
                match=people.match or "subject",
                unknown=people.unknown or "refuse",
                groups=frozenset(people.groups or ()),
                names=frozenset(people.names or ()),
                when=tuple(people.when or ()),
                lifetime=form.lifetime,
                repeatable=not form.single_use,
                grant=form.grant,
                client_claim=form.client_claim or "client_id",
                claims=sources_of(form.claims),
                optional=optional_of(form.claims),
                honours_key=form.requested_cnf,
                proposals=frozenset(form.proposals or ()),
                must_encrypt=form.require_encryption,
                tenant=(form.identifiers or _PLAIN).tenant,
                aud_tenant=(form.identifiers or _PLAIN).aud_tenant,
                sub_id=subject_id((form.identifiers or _PLAIN).sub_id),
                paused=form.disabled,
                description=form.description or "",
                place=item.written.place,
            )


def _ourselves(form: ConnectionForm, there: ResourceForm, secret: Secret | None) -> AsClient | None:
    if form.redeem is None:
        return None
    return AsClient(client_id=there.client_id, secret=secret, own_key=own_key(form.redeem.private_key_jwt))


def _connection(
    form: ConnectionForm, there: ResourceForm, ourselves: AsClient | None, *, place: str
) -> Connection:
    people, called = form.people or _EVERYBODY, form.identifiers or _PLAIN
    return Connection(
        client=form.client,
        to=Abroad(
            connection=form.name,
            issuer=there.issuer,
            client_id=there.client_id,
            resources=tuple(there.resource or ()),
            audiences=frozenset(there.audience or ()),
            identify_by=form.identify_by,
            tells_email=_tells_email(form),
            names_agents=form.act,
            max_age=form.sign_in.max_age,
            acr=tuple(form.sign_in.acr or ()),
            grant=form.grant,
            chain=form.chain or "prune",
            tells=ways_of(form.claims),
            mcp=there.kind == "mcp",
            proposals=frozenset(form.proposals or ()),
            key_hosts=frozenset(there.jwks_hosts or ()),
            tenant=called.tenant,
            aud_tenant=called.aud_tenant,
            aud_sub=None if called.aud_sub is None else named(called.aud_sub),
            sub_id=subject_id(called.sub_id),
            redeems=ourselves is not None,
        ),
        people=Connected(
            issuers=frozenset(people.from_ or (OURSELVES,)),
            groups=frozenset(people.groups or ()),
            names=frozenset(people.names or ()),
            token_types=shown_by(people.token_types) if form.grant == "jwt" else frozenset(),
        ),
        scopes={scope: scope for scope in each_scope(there.scopes)},
        sold=sold_by(there.scopes) if isinstance(there.scopes, dict) else None,
        details=tuple(there.authorization_details or ()),
        claims=sources_of(form.claims),
        optional=optional_of(form.claims),
        when=(*(people.when or ()), *present(form.claims)),
        lifetime=LONGEST_GRANT if form.lifetime is None else form.lifetime,
        algorithm=form.algorithm,
        ourselves=ourselves,
        hosts=frozenset((form.redeem and form.redeem.hosts) or ()),
        paused=form.disabled,
        description=form.description or "",
        place=place,
    )


def _tells_email(form: ConnectionForm) -> bool:
    if form.email is not None:
        return form.email
    return form.grant == "id_jag" and form.identify_by != "pairwise"
