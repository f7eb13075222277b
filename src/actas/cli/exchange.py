"""``actas exchange``: ask for a token (RFC 8693), or for the client's own (RFC 6749 section 4.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from actas.cli.ask import Wanted
from actas.cli.asking import asker, client_flags, credentials, dpop_flag, proven
from actas.cli.bound import about_keys, require_bound
from actas.cli.dpop import Holder, holder
from actas.cli.exchange_wanted import Flags, id_token_beside, wanted_of
from actas.cli.output import Answer
from actas.cli.redeeming import require_meant_for, tell_of_endpoint
from actas.cli.run import Run
from actas.cli.saved import SavedToken, check_name, save
from actas.cli.server import Ask, Server, fetch_keys, find_server
from actas.cli.shown import SHOWABLE, code_lines, request_lines, response_lines
from actas.cli.telling import failure_of, granted_document, granted_lines, refused_document, refused_lines
from actas.cli.tokens import TOKEN_HELP, TokenArguments
from actas.cli.tree import command as make
from actas.cli.values import Words
from actas.cli.verdict import Granted, Refused, read_answer
from actas.cli.wire import Answered, Sent
from actas.core.wire import ACCESS_TOKEN


@make(
    examples=(
        (
            "orders, called by alice, needs inventory: a token for that hop alone",
            "actas exchange --client orders --subject @alice-orders --audience inventory --scope stock:read",
        ),
        (
            "leave to do it again while alice is away",
            "actas exchange --client bot --subject @alice --subject-type id --audience orders --for refresh",
        ),
        (
            "a grant that another company's server redeems, for alice, who signed in",
            "actas exchange --client bot --subject @alice --for id-jag --to https://auth.tickets.example",
        ),
        (
            "such a grant, redeemed there for a token of that server",
            "actas exchange --redeem @grant.jwt --server https://auth.tickets.example --client acme-bot",
        ),
        (
            "a token for the client itself, kept under a name",
            "actas exchange --client orders --own --audience inventory --scope stock:read --save orders-own",
        ),
    ),
)
@click.option("--subject", metavar="TOKEN", help=f"Whom the token speaks about: {TOKEN_HELP}.")
@click.option(
    "--subject-type",
    metavar="TYPE",
    help="What it is: access, id, jwt, refresh, or a URI.  [by its looks, or access]",
)
@click.option("--actor", metavar="TOKEN", help="Who uses it, when that is not the client.")
@click.option(
    "--actor-type", metavar="TYPE", help="What that is: access, id, jwt, or a URI.  [by its looks, or access]"
)
@click.option(
    "--requested-subject", metavar="WHO", help="Act as this person: --subject is an administrator's then."
)
@click.option("--reason", metavar="TEXT", help="Why; the person is told.")
@click.option("--ticket", metavar="ID", help="The ticket that it is about.")
@click.option("--audience", multiple=True, metavar="NAME|URI", help="API it is for; may repeat.")
@click.option("--resource", multiple=True, metavar="URI", help="Address it is for; may repeat.")
@click.option("--scope", multiple=True, metavar="SCOPES", help="What it allows; may repeat.")
@click.option(
    "--for",
    "requested",
    type=click.Choice(("access", "refresh", "id-jag", "jwt")),
    default="access",
    help="A token for an API, one that does it again, or a grant for another domain: an ID-JAG, or a plain "
    "JWT.  [access]",
)
@click.option("--detail", multiple=True, metavar="JSON", help="For id-jag: a detail (RFC 9396); may repeat.")
@click.option("--to", metavar="ISSUER", help="The other domain's server that the grant is for.")
@click.option("--redeem", metavar="TOKEN", help="A grant of another domain, redeemed at --server.")
@client_flags
@dpop_flag
@click.option("--own", is_flag=True, help="Ask for the client's own token: nobody's but its own.")
@click.option("--raw", is_flag=True, help="Print the token alone, whole.")
@click.option("--save", metavar="NAME", help="Keep it as @NAME, with the issuer's keys.")
@click.option("--show", type=Words(*SHOWABLE), default=(), metavar="WHAT,…", help="request, response, code.")
@click.pass_obj
def command(run: Run, /, **flags: Any) -> None:
    """Ask for a token (RFC 8693).

    On a terminal it says what was granted and draws the chain; in a pipe the answer is the token. Exits 1
    when the policy says no, 6 when the request itself is wrong, 4 when the server cannot be reached.

    A TOKEN is @name for a saved one, @file, - for stdin, env:NAME, or the text itself.
    """
    perform(run, Flags(**flags))


def perform(run: Run, typed: Flags) -> None:
    """Ask for the token that the flags want, and tell what came of it."""
    name = None if typed.save is None else check_name(typed.save)
    tokens = TokenArguments(run)
    wanted = wanted_of(typed, tokens)
    who = credentials(
        run,
        tokens,
        client=typed.client,
        client_auth=typed.client_auth,
        secret=typed.secret,
        key=typed.key,
        certificate=typed.certificate,
        workload_token=typed.workload_token,
    )
    ask = asker(run)
    server = find_server(run.server(), ask)
    if wanted.redeems:
        require_meant_for(wanted, server)
        tell_of_endpoint(run.out, server)

    def request() -> Sent:
        return proven(server.token_endpoint, who.prove(server, now=run.now), *wanted.form())

    key = None if typed.dpop is None else holder(run, typed.dpop)
    sent, answered = _asked(ask, request, key)
    _show(run, typed, sent, answered, wanted, client=who.client)
    answer = read_answer(answered, wanted, client=who.client, issuer=server.issuer)
    if isinstance(answer, Refused):
        elsewhere = server.issuer if wanted.redeems else ""
        hint = about_keys(answer, answered, key, wanted) or id_token_beside(
            run.home, answer.error, wanted, typed
        )
        _refuse(run, answer, hint=hint, elsewhere=elsewhere)
    else:
        require_bound(answer, key, run.out)
        theirs = _theirs(answer, server, typed)
        saved = None if name is None else _keep(run, name, answer, server, ask, theirs=theirs)
        _give(run, answer, wanted, raw=typed.raw, saved=saved)


def _asked(ask: Ask, request: Callable[[], Sent], key: Holder | None) -> tuple[Sent, Answered]:
    if key is not None:
        return key.asks(ask, request)
    sent = request()
    return sent, ask(sent)


def _show(run: Run, typed: Flags, sent: Sent, answered: Answered, wanted: Wanted, *, client: str) -> None:
    """Print what went over the wire, on stderr: a pipe sees the answer alone."""
    show = ("request", "response") if run.options.verbose > 1 and not typed.show else typed.show
    parts = {
        "request": request_lines(sent),
        "response": response_lines(answered),
        "code": code_lines(sent, wanted, client=client),
    }
    for part in (part for part in SHOWABLE if part in show):
        for lines in parts[part]:
            for line in lines.split("\n"):
                run.out.aside(line)
        run.out.aside()


def _theirs(granted: Granted, server: Server, typed: Flags) -> str | None:
    """Return the other domain's server whose token it is, for which the grant was redeemed here; else None.

    It was named, or says so itself and was named among what the token is for.
    """
    if granted.type != ACCESS_TOKEN or granted.issuer == server.issuer:
        return None
    if typed.to is not None:
        return typed.to
    return granted.issuer if granted.issuer in (*typed.audience, *typed.resource) else None


def _keep(run: Run, name: str, granted: Granted, server: Server, ask: Ask, *, theirs: str | None) -> str:
    """Save the token with the keys its issuer has now, and return what to call it.

    Args:
        theirs: the other domain's server whose token it is, or None. Our keys say nothing of that.
    """
    if theirs is not None:
        run.out.warn(f"@{name} is a token of {theirs}: inspect checks it with --jwks and the keys of that")
        keys = None
    else:
        keys = fetch_keys(server, ask)
        if keys is None:
            run.out.warn(
                f"the keys of {server.issuer} cannot be had, so inspect cannot check @{name} by itself"
            )
    saved = SavedToken(
        token=granted.token,
        token_type=granted.type,
        issuer=theirs or server.issuer,
        jwks=keys,
        saved_at=int(run.now),
    )
    save(run.home, name, saved)
    return f"@{name}"


def _give(run: Run, granted: Granted, wanted: Wanted, *, raw: bool, saved: str | None) -> None:
    """Print what was granted. The token itself is printed whole only where nobody looks over a shoulder."""
    out = run.out
    more = [scope for scope in granted.scope if wanted.scope and scope not in wanted.scope]
    if more:
        out.warn(f"the server granted more than was asked for: {' '.join(more)}")
    whole = granted.token.reveal()
    if run.options.format == "table" and (raw or not out.terminal):
        out.line(whole)
        if saved is not None:
            out.talk(f"saved as {saved}")
        return
    shown = whole if raw or not out.terminal else granted.token.shortened()
    out.answer(
        Answer(
            kind="actas/Exchange",
            body=granted_document(granted, shown=shown, saved=saved),
            name=granted.entry or "",
            lines=granted_lines(granted, wanted, saved=saved, ascii=out.ascii),
        )
    )


def _refuse(run: Run, refused: Refused, *, hint: str | None, elsewhere: str) -> None:
    """Print a refusal: for programs a document, for people a drawing on stderr, so that a pipe stays empty.

    Args:
        hint: what would help, better than the usual one.
        elsewhere: the server of another domain that refuses; empty for one's own.

    Raises:
        Failure: always.
    """
    if refused.by_policy and run.out.structured:
        run.out.document("actas/Exchange", refused_document(refused))
    elif refused.by_policy:
        for line in refused_lines(refused, ascii=run.out.ascii, again=run.options.again, elsewhere=elsewhere):
            run.out.aside(line)
        if hint is not None:
            run.out.aside(f"hint   {run.out.runnable(hint)}")
    raise failure_of(refused, hint=hint, drawn=refused.by_policy, elsewhere=elsewhere)
