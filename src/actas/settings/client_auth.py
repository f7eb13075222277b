"""How a client proves who it is: its form turned into the value that authentication works with."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from actas.core.client import ClientAuth, EndingSecret, SubjectField
from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.crypto.certificate import distinguished_name
from actas.crypto.passwords import digest_secret
from actas.settings.schema_auth import (
    AnyAuth,
    CertificateAuth,
    CertificateSubject,
    KeyAuth,
    NoAuth,
    SecretAuth,
    SecretJwtAuth,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSecret:
    """A secret that was found.

    Attributes:
        until: when it ends, seconds since the epoch, or None.
    """

    secret: Secret
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a client's form refers to.

    Attributes:
        keys: its public JWKs.
        certificates: its certificates, in DER.
    """

    secrets: tuple[LiveSecret, ...] = field(default=(), repr=False)
    keys: tuple[JsonObject, ...] = ()
    certificates: tuple[bytes, ...] = ()


def client_auth(
    form: AnyAuth,
    *,
    found: Found,
    made: tuple[bytes, ...],
    pepper: bytes | None,
    issuers: Mapping[str, str],
) -> ClientAuth:
    """Return how a client proves who it is.

    Args:
        found: what the form refers to.
        made: the digests of secrets that were made here.
        pepper: the key under which secrets are digested; without one no secret authenticates.
        issuers: the ``iss`` of each issuer, by its name.
    """
    if isinstance(form, SecretAuth):
        return _secret(found.secrets, made, pepper)
    if isinstance(form, SecretJwtAuth):
        live = found.secrets if pepper is not None else ()
        return ClientAuth(
            method="client_secret_jwt",
            secret_keys=tuple(one.secret for one in live if one.until is None),
            ending=tuple(
                EndingSecret(until=one.until, key=one.secret) for one in live if one.until is not None
            ),
            hmac_algorithms=tuple(form.algorithms),
            endpoint_audience=form.accept_token_endpoint,
        )
    if isinstance(form, KeyAuth):
        return ClientAuth(
            method="private_key_jwt",
            keys=found.keys,
            keys_uri=form.jwks_uri,
            algorithms=tuple(form.algorithms),
            endpoint_audience=form.accept_token_endpoint,
        )
    if isinstance(form, CertificateAuth):
        if form.subject is None:
            return ClientAuth(method="self_signed_tls_client_auth", certificates=found.certificates)
        return ClientAuth(method="tls_client_auth", subject=subject_of(form.subject))
    if isinstance(form, NoAuth):
        return ClientAuth(method="none")
    return ClientAuth(method="workload", workload=(issuers[form.issuer], form.subject))


def subject_of(form: CertificateSubject) -> tuple[SubjectField, str]:
    """Return where in a certificate the name is, and the name as certificates are read.

    Raises:
        ValueError: it is no address.
        BadCertificate: it is no distinguished name.
    """
    (where,) = form.model_fields_set
    name = str(getattr(form, where))
    if where == "dn":
        name = distinguished_name(name)
    elif where == "san_dns":
        name = name.lower()
    elif where == "san_ip":
        name = str(ipaddress.ip_address(name))
    return cast("SubjectField", where), name


def _secret(secrets: Sequence[LiveSecret], made: tuple[bytes, ...], pepper: bytes | None) -> ClientAuth:
    if pepper is None:
        return ClientAuth(method="client_secret")
    digests = [(digest_secret(one.secret.reveal(), pepper=pepper), one.until) for one in secrets]
    return ClientAuth(
        method="client_secret",
        secret_digests=(*(digest for digest, until in digests if until is None), *made),
        ending=tuple(
            EndingSecret(until=until, digest=digest) for digest, until in digests if until is not None
        ),
    )
