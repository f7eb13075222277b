"""Checks of how clients prove who they are: that they can, and that nothing is left open by mistake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from actas.crypto.certificate import BadCertificate
from actas.settings.client_auth import subject_of
from actas.settings.faults import Fault
from actas.settings.forms import ClientReference, ClientSecretSource
from actas.settings.schema_auth import CertificateAuth, KeyAuth, SecretAuth, SecretJwtAuth, WorkloadAuth
from actas.settings.schema_parties import ClientForm
from actas.settings.schema_server import Server
from actas.settings.shaped import Item, Shaped
from actas.settings.sources import Written

_ENDPOINT: Final = (
    "an assertion for the token endpoint's address can be led to another server; have the client send the "
    "issuer, and remove this"
)


def check_auth(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with how clients prove who they are."""
    workloads: dict[tuple[str, str], Item[ClientForm]] = {}
    for item in shaped.clients.values():
        auth, written = item.form.auth, item.written
        if isinstance(auth, SecretAuth | SecretJwtAuth):
            yield from _secrets(auth.secret, written)
        if isinstance(auth, SecretJwtAuth) and not all(map(_is_elsewhere, auth.secret)):
            # The store of record keeps digests only, and no digest checks a MAC.
            message = "must be kept elsewhere: { env: NAME } or { file: PATH }"
            yield written.fault(("auth", "secret"), message)
        if isinstance(auth, SecretJwtAuth | KeyAuth) and auth.accept_token_endpoint:
            yield written.fault(("auth", "accept_token_endpoint"), _ENDPOINT, "warning")
        if isinstance(auth, CertificateAuth):
            yield from _certificate(auth, written, shaped)
        if isinstance(auth, WorkloadAuth):
            yield from _workload(auth, item, shaped, workloads)


def _is_made(secret: ClientSecretSource) -> bool:
    return isinstance(secret, ClientReference) and secret.generated is not None


def _is_elsewhere(secret: ClientSecretSource) -> bool:
    return isinstance(secret, ClientReference) and secret.generated is None


def _secrets(secrets: Sequence[ClientSecretSource], written: Written) -> Iterator[Fault]:
    for index, one in enumerate(secrets):
        if _is_made(one) and isinstance(one, ClientReference) and one.until is not None:
            message = "is for a secret that is kept elsewhere; one that is made here ends by being rotated"
            yield written.fault((*written.at(("auth", "secret"), index), "until"), message)
    ends = [one.until if isinstance(one, ClientReference) else None for one in secrets]
    if len(ends) > 1 and None not in ends:
        yield written.fault(("auth", "secret"), "every secret ends; one of them goes on", "warning")
    if ends.count(None) > 1:
        message = "two secrets are live without an end; give the old one: until"
        yield written.fault(("auth", "secret"), message, "warning")


NOBODY_SHOWS: Final = (
    "nobody can show a certificate: neither does this server speak TLS (server.tls.certificate) nor is a "
    "proxy trusted to (server.trusted_proxies)"
)


def shows_nobody(server: Server) -> bool:
    """Whether no certificate of a client ever reaches a server that is configured so."""
    return server.trusted_proxies is None and (server.tls is None or server.tls.certificate is None)


def _certificate(auth: CertificateAuth, written: Written, shaped: Shaped) -> Iterator[Fault]:
    server = None if shaped.server is None else shaped.server.form
    if server is not None and shows_nobody(server):
        yield written.fault(("auth", "method"), NOBODY_SHOWS)
    if auth.subject is None:
        return
    if server is not None and (server.tls is None or server.tls.client_authorities is None):
        message = "no authority is trusted to name clients: server.tls.client_authorities"
        yield written.fault(("auth", "subject"), message)
    try:
        subject_of(auth.subject)
    except (BadCertificate, ValueError) as wrong:
        (where,) = auth.subject.model_fields_set
        message = str(wrong) if isinstance(wrong, BadCertificate) else "is no IP address"
        yield written.fault(("auth", "subject", where), message)


def _workload(
    auth: WorkloadAuth,
    item: Item[ClientForm],
    shaped: Shaped,
    seen: dict[tuple[str, str], Item[ClientForm]],
) -> Iterator[Fault]:
    written = item.written
    sentence = shaped.unknown("issuers", auth.issuer)
    if sentence is not None:
        yield written.fault(("auth", "issuer"), sentence)
    issuer = shaped.issuers.get(auth.issuer)
    if issuer is not None and not (issuer.form.workloads or issuer.form.type == "kubernetes"):
        place = issuer.written.place
        message = f"{auth.issuer} may not authenticate clients; if it may, give it workloads: true ({place})"
        yield written.fault(("auth", "issuer"), message)
    other = seen.setdefault((auth.issuer, auth.subject), item)
    if other is not item:
        message = f'is also the workload of "{other.form.name}" ({other.written.place})'
        yield written.fault(("auth", "subject"), message)
