"""Who asks a server, and how: the flags that say it, for every command that speaks for a client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeVar

import click

from actas.cli.exits import misused
from actas.cli.proofs import Credentials, Proof
from actas.cli.run import Run
from actas.cli.server import Ask
from actas.cli.tokens import TokenArguments
from actas.cli.wire import Answered, Sent, send

_METHODS: Final = ("auto", "basic", "post", "jwt", "mtls", "workload", "none")

ClientAuth = Literal["auto", "basic", "post", "jwt", "mtls", "workload", "none"]

Command = TypeVar("Command", bound=Callable[..., Any])


dpop_flag: Final = click.option(
    "--dpop",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[KEY]",
    help="Bind it to a key (RFC 9449): one's own, which is made once and kept, or a file with one JWK.",
)


def client_flags(command: Command) -> Command:
    """Add the flags that say who asks and how it proves that, as ``credentials`` takes them."""
    flags = (
        click.option("--client", metavar="NAME", help="Who asks.  [ACTAS_CLIENT_ID]"),
        click.option(
            "--client-auth", type=click.Choice(_METHODS), default="auto", help="How it proves that."
        ),
        click.option(
            "--secret", metavar="TOKEN", help="Its secret, as env:NAME or @file.  [env:ACTAS_CLIENT_SECRET]"
        ),
        click.option("--key", metavar="FILE", help="Its private key, one JWK.  [ACTAS_CLIENT_KEY]"),
        click.option(
            "--certificate",
            metavar="FILE",
            help="Its TLS certificate and key, in PEM.  [ACTAS_CLIENT_CERTIFICATE]",
        ),
        click.option(
            "--workload-token",
            metavar="FILE",
            help="The token its platform gave it.  [ACTAS_WORKLOAD_TOKEN]",
        ),
    )
    for flag in reversed(flags):
        command = flag(command)
    return command


def credentials(
    run: Run,
    tokens: TokenArguments,
    *,
    client: str | None,
    client_auth: ClientAuth,
    secret: str | None,
    key: str | None,
    certificate: str | None,
    workload_token: str | None,
) -> Credentials:
    """Return what the flags and the environment say of who asks; a flag wins over the environment.

    Raises:
        Failure: nobody is named, or a secret cannot be read (exit 2).
    """
    name = client or run.variable("ACTAS_CLIENT_ID")
    if name is None:
        raise misused("who asks?", hint="--client NAME, or set ACTAS_CLIENT_ID")
    shared = None
    if secret is not None:
        shared = tokens.read(secret, flag="--secret", secret=True).value
    elif run.variable("ACTAS_CLIENT_SECRET"):
        shared = tokens.read("env:ACTAS_CLIENT_SECRET", flag="--secret").value
    if key is None and secret is None:
        key = run.variable("ACTAS_CLIENT_KEY")
    return Credentials(
        client=name,
        method=client_auth,
        secret=shared,
        key=key,
        certificate=certificate or run.variable("ACTAS_CLIENT_CERTIFICATE"),
        workload_token=workload_token or run.variable("ACTAS_WORKLOAD_TOKEN"),
    )


def proven(url: str, proof: Proof, *form: tuple[str, str]) -> Sent:
    """Return a request by a client that proves who it is.

    Args:
        form: what it asks.
    """
    return Sent(
        method="POST",
        url=url,
        headers=proof.headers,
        form=(*form, *proof.form),
        certificate=proof.certificate,
    )


def asker(run: Run) -> Ask:
    """Return what sends requests for this run, and tells about each when asked to be verbose."""

    def ask(sent: Sent) -> Answered:
        answered = send(sent, timeout=run.options.timeout)
        run.out.detail(f"{sent.method} {sent.url} → {answered.status}, {answered.took * 1000:.0f} ms")
        return answered

    return ask
