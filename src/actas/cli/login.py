"""``actas login``: sign in for managing a server, as a client that holds a role; or a person, on a device."""

from __future__ import annotations

from typing import Any, Final

import click

from actas.cli.asking import asker, client_flags, credentials, proven
from actas.cli.chains import chain_of
from actas.cli.dpop import Holder, holder
from actas.cli.exits import Exit, Failure, misused
from actas.cli.login_device import KEPT_AS, manage_from_device, sign_in_on_device
from actas.cli.logins import Login, keep_login
from actas.cli.output import Answer, Ink
from actas.cli.proofs import Credentials
from actas.cli.run import Run
from actas.cli.saved import check_name
from actas.cli.server import find_server
from actas.cli.tokens import TokenArguments
from actas.cli.tree import command as make
from actas.cli.values import typed_path
from actas.cli.verdict import read_refusal
from actas.cli.wire import Answered
from actas.core.administrators import ROLES, Role, management_audience, scope_of
from actas.core.ports import Json
from actas.core.secret import Secret
from actas.core.wire import CLIENT_CREDENTIALS

_SCOPES: Final[dict[str, str]] = {role: scope_of(role) for role in ROLES}


@make(
    examples=(
        ("as the pipeline's client, whose secret is in ACTAS_CLIENT_SECRET", "actas login --client deployer"),
        ("with no more than is needed to look", "actas login --client deployer --as auditor"),
        ("as a person who holds a role, at a browser anywhere", "actas login --device --client cli"),
        ("a token of a person's, to exchange", "actas login --device --client cli --scope orders:read"),
    ),
)
@click.option("--as", "role", type=click.Choice(ROLES), help="Ask for this role only.")
@click.option("--device", is_flag=True, help="Have a person sign in, at a browser anywhere.")
@click.option("--scope", multiple=True, metavar="S", help="With --device: ask for a token of this instead.")
@click.option("--resource", multiple=True, metavar="URI", help="With --device: the APIs that it is for.")
@click.option("--save", metavar="NAME", help=f"With --device: keep the token as @NAME.  [{KEPT_AS}]")
@client_flags
@click.pass_obj
def command(
    run: Run,
    /,
    role: str | None,
    *,
    device: bool,
    scope: tuple[str, ...],
    resource: tuple[str, ...],
    save: str | None,
    **flags: Any,
) -> None:
    """Sign in for managing a server, as a client that holds a role there, or as a person who does.

    The token is kept privately and lives an hour; the secret is not kept. Where the server does not say
    otherwise, the token is bound to a key that stays on this computer (RFC 9449), or to the client's
    certificate. Exits 5 when the client holds no such role, 6 when it does not prove who it is, 4 when the
    server cannot be reached.

    With --device a person signs in: a code and an address are shown, and whoever opens that, anywhere, says
    whether the client may act for them (RFC 8628). Then the commands that manage are theirs, with the role
    that they hold. Exits 1 when the answer is no, or there is none in time, or they hold no role.

    With --scope, --resource or --save it is a token of the person's that is asked for, and it manages
    nothing: it is kept as @NAME for exchange and inspect, an ID token as @NAME/id and a refresh token as
    @NAME/refresh.
    """
    tokens = TokenArguments(run)
    who = credentials(run, tokens, **flags)
    if device:
        if not (scope or resource or save is not None):
            manage_from_device(run, who, _role(role))
            return
        if role is not None:
            raise misused("--as is for managing: it does not go with --scope, --resource or --save")
        name = check_name(save or KEPT_AS)
        sign_in_on_device(run, who, scope=scope, resource=resource, name=name)
        return
    if scope or resource or save is not None:
        raise misused("--scope, --resource and --save go with --device")
    _sign_in(run, who, role)


def _role(word: str | None) -> Role | None:
    return next((role for role in ROLES if role == word), None)


def _sign_in(run: Run, who: Credentials, role: str | None) -> None:
    """Get a token for managing, and keep it.

    Raises:
        Failure: there is none.
    """
    ask = asker(run)
    address = run.server()
    server = find_server(address, ask)
    wanted = (("scope", _SCOPES[role]),) if role else ()
    audience = management_audience(server.issuer)
    form = (("grant_type", str(CLIENT_CREDENTIALS)), ("audience", audience), *wanted)
    key = holder(run)
    sent, answered = key.asks(
        ask, lambda: proven(server.token_endpoint, who.prove(server, now=run.now), *form)
    )
    document = answered.document()
    token = None if document is None else document.get("access_token")
    lives = None if document is None else document.get("expires_in")
    if answered.status != 200 or not isinstance(token, str) or not isinstance(lives, int):
        raise _not_signed_in(who, answered, key)
    login = Login(
        server=address,
        client=who.client,
        token=Secret(token),
        ends_at=int(run.now) + lives,
        proves=str((document or {}).get("token_type")).lower() == "dpop",
        certificate=None if sent.certificate is None else str(typed_path(sent.certificate).absolute()),
    )
    keep_login(run.home, login)
    granted: list[Json] = [*str((document or {}).get("scope") or "").split()]
    run.out.answer(
        Answer(
            kind="actas/Login",
            body={
                "server": address,
                "client": who.client,
                "scope": granted,
                "ends_at": login.ends_at,
            },
            name=who.client,
            lines=[(Ink("✓ ", "good"), f"signed in at {address} as {who.client}, for {lives // 60} minutes")],
        )
    )


def _not_signed_in(who: Credentials, answered: Answered, key: Holder) -> Failure:
    refused = read_refusal(answered, chain_of({}))
    hint = None
    if refused.by_policy:
        hint = "admins: in the configuration of the server says who holds a role"
    elif refused.reason == "binding_needed":
        hint = "the server's tokens are bound to certificates: --certificate FILE shows one"
    elif refused.reason == "bad_proof":
        hint = key.drift(answered)
    return Failure(
        f"{who.client} cannot sign in: {refused.message}",
        code=refused.error,
        exit=Exit.NOT_ALLOWED if refused.by_policy else refused.exit,
        hint=hint,
    )
