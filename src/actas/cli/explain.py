"""``actas explain``: rehearse a request, or go through a past one again. Nothing is issued."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import click

from actas.cli.ask import REQUESTABLE, addressed, token_type
from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.details import details_for
from actas.cli.exits import Exit, Failure, misused
from actas.cli.run import Run
from actas.cli.tokens import TOKEN_HELP, TokenArguments
from actas.cli.tree import command as make
from actas.cli.values import typed_path

if TYPE_CHECKING:
    from actas.admin.explanation import Explanation
    from actas.app.foundation import Foundation
    from actas.cli.explaining import Past
    from actas.core.confirmation import Confirmation
    from actas.core.party import PresentedToken
    from actas.core.permit import ExchangeRequest
    from actas.core.ports import JsonObject


@make(
    examples=(
        ("what would happen", "actas explain --client orders --subject @alice-orders --audience inventory"),
        ("why it was refused", "actas explain --entry x_01M89SDKYYMASNK3JGXDBXQW4B"),
    ),
    dry_run="harmless",
)
@configuration_flag
@dev_flag
@click.option("--entry", metavar="ID", help="Go through a past attempt again, by its Actas-Entry.")
@click.option("--client", metavar="NAME", help="Who would ask.")
@click.option("--subject", metavar="TOKEN", help=f"The subject token: {TOKEN_HELP}.")
@click.option(
    "--subject-type", metavar="TYPE", help="access, id, jwt, refresh or a URI.  [by its looks, or access]"
)
@click.option("--actor", metavar="TOKEN", help="The actor token.")
@click.option("--actor-type", metavar="TYPE", help="access, id, jwt or a URI.  [by its looks, or access]")
@click.option("--audience", metavar="NAME", multiple=True, help="API by name or address; may repeat.")
@click.option("--resource", metavar="URI", multiple=True, help="API by address; may repeat.")
@click.option("--scope", metavar="S…", help="Scopes, separated by spaces.")
@click.option("--detail", multiple=True, metavar="JSON", help="For id-jag: a detail (RFC 9396); may repeat.")
@click.option(
    "--for",
    "requested",
    type=click.Choice(("access", "id-jag", "jwt")),
    default="access",
    help="A token for an API, or a grant for another domain: an ID-JAG, or a plain JWT.  [access]",
)
@click.option("--to", metavar="ISSUER", help="The other domain's server that the grant would be for.")
@click.option("--own", is_flag=True, help="The client speaks for itself (client_credentials).")
@click.option(
    "--dpop",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[KEY]",
    help="With proof of a key (RFC 9449): one's own, as exchange --dpop, or a file with one JWK.",
)
@click.option("--certificate", metavar="FILE", help="With proof of a certificate (RFC 8705), in PEM.")
@click.option("--all", "everything", is_flag=True, help="Also rules that did not match.")
@click.pass_obj
def command(
    run: Run, /, config: tuple[str, ...], *, dev: bool, entry: str | None, everything: bool, **flags: Any
) -> None:
    """Say why an exchange would be, or was, granted or refused.

    Runs on the computer of the server, over its configuration and data folder: it shows every stage, every
    condition with the values it saw, and the smallest change that would have been granted. With --entry, the
    outcome is the one that was written down, and the stages are those of the rules in force now. While the
    configuration does not hold, but says where the log is, --entry goes by the one that the server took
    last, or else by what was written down, and says so.

    Exits 0 when it is or was granted, 1 when it is or was refused or the entry cannot be explained, 3 when
    the configuration does not hold, 4 when the data folder cannot be used, 7 when the entry is not what was
    written.
    """
    from actas.cli.explaining import show

    past: Past | None
    hints: tuple[str, ...] = ()
    if entry == "":
        raise misused("--entry is empty", hint="the id is in the header Actas-Entry of the answer")
    if entry is not None:
        found, past, hints = on_foundation(
            run, config, dev=dev, job=lambda base: _past(base, entry), broken=_goes_by
        )
    else:
        request = _request(run, **flags)
        proven = _proven(run, dpop=flags["dpop"], certificate=flags["certificate"])
        found, past, hints = on_foundation(
            run, config, dev=dev, job=lambda base: _rehearsed(base, flags["client"], request, proven)
        )
    show(run, found, past=past, hints=hints, everything=everything)
    if past is not None and past.broken is not None:
        raise Failure(past.broken, code="integrity", exit=Exit.INTEGRITY, told=True)
    if not (found.granted if past is None else past.granted):
        reason = found.reason if past is None else past.reason
        raise Failure(found.detail or "refused", code=reason or "refused", exit=Exit.NO, told=True)


def _goes_by(base: Foundation) -> str:
    """Say by what an entry is explained while the configuration does not hold."""
    if base.bare:
        return "this is what was written down, and no more"
    return "this goes by the one that the server took last"


async def _rehearsed(
    base: Foundation, client: str, request: ExchangeRequest, proven: Confirmation
) -> tuple[Explanation, Past | None, tuple[str, ...]]:
    from actas.app.outside import outside
    from actas.app.parts import rehearsal
    from actas.cli.misspelt import NO_WAY, issuer_meant, misspelt, ways_abroad, ways_there

    out = outside(base)
    try:
        found = await rehearsal(base, out).of_request(client, request, proven=proven)
    finally:
        await out.close()
    hints = () if found.granted else tuple(misspelt(client, request, base.catalog))
    hints = (*hints, *issuer_meant(found.detail, base.catalog))
    if found.reason in NO_WAY:
        kind = request.requested
        hints = (*hints, *ways_abroad(client, request.audience, base.catalog, requested=kind))
    elif found.reason == "unknown_target":
        named = (*request.audience, *request.resource)
        hints = (*hints, *ways_there(client, named, base.catalog))
    return found, None, hints


async def _past(base: Foundation, entry: str) -> tuple[Explanation, Past | None, tuple[str, ...]]:
    from actas.audit.checkpoint import ring_keys
    from actas.cli.aforetime import before
    from actas.cli.explaining import Past
    from actas.cli.misspelt import ways_of_entry
    from actas.cli.standing import standing
    from actas.store.audit_search import show as find

    line = find(base.audit_log, entry)
    if line is None:
        raise Failure(
            f"there is no entry {entry}",
            code="not_found",
            exit=Exit.NO,
            hint="actas audit search finds entries",
        )
    event = line.event
    found = await _of_event(base, event)
    place = standing(
        base.audit_log,
        stream=line.stream,
        seq=line.seq,
        copies=base.checkpoint_copies,
        keys=ring_keys(base.ring),
    )
    past = Past.of(
        event,
        entry=entry,
        policy=found.policy,
        broken=place.broken,
        before=before(base.audit_log, event),
    )
    return found, past, () if base.bare else tuple(ways_of_entry(event, base.catalog))


async def _of_event(base: Foundation, event: JsonObject) -> Explanation:
    """Explain an entry: by the rules of now, or as it was written where there are none to go by.

    Raises:
        Failure: it is no attempt, or its client or API no longer exists.
    """
    from actas.admin.rehearsal import NotExplainable
    from actas.app.outside import outside
    from actas.app.parts import rehearsal
    from actas.cli.explaining import written_down

    out = outside(base)
    try:
        found = rehearsal(base, out).of_event(event) if not base.bare else written_down(event)
    except NotExplainable as cannot:
        hint = f"actas audit show {event.get('id')}"
        raise Failure(str(cannot), code="not_explainable", exit=Exit.NO, hint=hint) from cannot
    finally:
        await out.close()
    return found


def _request(run: Run, **flags: Any) -> ExchangeRequest:
    from actas.core.claims import parse_scope
    from actas.core.details import BadDetails, details_from
    from actas.core.permit import ExchangeRequest
    from actas.core.wire import CLIENT_CREDENTIALS, TOKEN_EXCHANGE

    if not flags["client"]:
        raise misused("explain needs --client and --subject, or --entry", hint="actas explain --help")
    if flags["own"] == bool(flags["subject"]):
        raise misused("explain takes either --subject or --own")
    scope = None if flags["scope"] is None else parse_scope(flags["scope"])
    if flags["scope"] is not None and scope is None:
        raise misused("--scope is not a list of scopes separated by single spaces")
    requested = REQUESTABLE[flags["requested"]]
    audience = addressed(requested, to=flags["to"], audience=flags["audience"], resource=flags["resource"])
    details = details_for(requested, flags["detail"])
    try:
        details = details_from([*details]) if details else ()
    except BadDetails as bad:
        raise misused(f"--detail: {bad}") from None
    arguments = TokenArguments(run)
    return ExchangeRequest(
        grant_type=CLIENT_CREDENTIALS if flags["own"] else TOKEN_EXCHANGE,
        subject=_presented(arguments, flags, "subject"),
        actor=_presented(arguments, flags, "actor"),
        requested=requested,
        audience=audience,
        resource=flags["resource"],
        scope=scope,
        details=details,
    )


def _proven(run: Run, *, dpop: str | None, certificate: str | None) -> Confirmation:
    """Return the keys that the request would prove. Nothing is proven here, and no key is made that lasts."""
    from actas.core.confirmation import Confirmation
    from actas.crypto.thumbprint import certificate_thumbprint

    jkt = x5t = None
    if dpop is not None:
        from actas.cli.dpop import known_key

        jkt = known_key(run, dpop).public.thumbprint
    if certificate is not None:
        try:
            pem = typed_path(certificate).read_text(encoding="ascii")
            x5t = certificate_thumbprint(ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERTIFICATE") :]))
        except (OSError, ValueError):
            raise misused(f"--certificate: {certificate} holds no certificate in PEM") from None
    return Confirmation(jkt=jkt, x5t=x5t)


def _presented(arguments: TokenArguments, flags: dict[str, Any], role: str) -> PresentedToken | None:
    from actas.core.party import PresentedToken
    from actas.core.wire import ACCESS_TOKEN, ID_TOKEN

    if flags[role] is None:
        return None
    token = arguments.read(flags[role], flag=f"--{role}")
    usual = ID_TOKEN if flags["requested"] == "id-jag" and role == "subject" else ACCESS_TOKEN
    kind = token_type(flags[f"{role}_type"], token, flag=f"--{role}-type", usual=usual)
    return PresentedToken(kind, token.value, "actor" if role == "actor" else "subject")
