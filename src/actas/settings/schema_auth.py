"""The form of how a client proves who it is: exactly one method."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from actas.settings.addresses import HttpsUrl
from actas.settings.forms import ClientSecretSource, Form, OneOrMany, PublicFile
from actas.settings.values import FilePath, Label, Name, Prose, wrong

Verifying = Literal["ES256", "ES384", "RS256", "PS256", "EdDSA"]
Hmac = Literal["HS256", "HS384", "HS512"]

_Secrets = Annotated[list[ClientSecretSource], Field(min_length=1, max_length=2), OneOrMany()]
_PublicFiles = Annotated[list[PublicFile], Field(min_length=1, max_length=16)]
_AtTheEndpoint = Annotated[
    bool,
    Field(
        description="Accept an assertion whose only audience is the address of the token endpoint. For "
        "clients that cannot send the issuer; such an assertion is easier to lead astray.",
    ),
]


def _assertion_algorithms() -> list[Verifying]:
    return ["ES256", "RS256", "PS256", "EdDSA"]


def _hmac_algorithms() -> list[Hmac]:
    return ["HS256"]


class SecretAuth(Form):
    """A secret that the client sends, in the Authorization header or in the form."""

    method: Literal["client_secret"] = Field(description="A shared secret.")
    secret: _Secrets = Field(
        description="Where the secret is kept: `{ env: NAME }` or `{ file: PATH }`, at least 32 characters; "
        "or `{ generated: true }`, when the server makes it. A list of two while it is changed, the old one "
        "with `until`."
    )


class SecretJwtAuth(Form):
    """An assertion that the client authenticates with a shared secret (OpenID Connect Core section 9)."""

    method: Literal["client_secret_jwt"] = Field(description="An assertion with a MAC under a shared secret.")
    secret: _Secrets = Field(
        description="Where the secret is kept, as for `client_secret`. It stays in the server's memory, "
        "for a MAC cannot be checked with a digest; prefer `private_key_jwt`."
    )
    algorithms: Annotated[list[Hmac], Field(min_length=1, max_length=3)] = Field(
        default_factory=_hmac_algorithms,
        description="The only algorithms its assertions may use. Default: HS256. HS384 needs 48 bytes of "
        "secret, HS512 64.",
    )
    accept_token_endpoint: _AtTheEndpoint = False


class KeyAuth(Form):
    """An assertion that the client signs with its private key (RFC 7523)."""

    method: Literal["private_key_jwt"] = Field(description="An assertion signed by the client.")
    jwks: _PublicFiles | None = Field(default=None, description="The client's public keys, in files.")
    jwks_uri: Annotated[str, HttpsUrl(query=True)] | None = Field(
        default=None,
        description="Where the client publishes its public keys, in place of `jwks`. Fetched when they are "
        "needed, kept for 5 minutes at least and for 24 hours at most, whatever the answer says.",
    )
    algorithms: Annotated[list[Verifying], Field(min_length=1, max_length=5)] = Field(
        default_factory=_assertion_algorithms,
        description="The only algorithms its assertions may be signed with. Default: ES256, RS256, PS256 and "
        "EdDSA.",
    )
    accept_token_endpoint: _AtTheEndpoint = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.jwks is None) == (self.jwks_uri is None):
            wrong("say where its public keys are, in one way: jwks or jwks_uri")
        return self


class CertificateFile(Form):
    """A file with certificates of a client."""

    file: Annotated[str, FilePath()] = Field(
        description="A PEM file, or a JWK set whose keys have their certificate in `x5c`. A relative path "
        "starts at the folder of this file."
    )


_Certificates = Annotated[list[CertificateFile], Field(min_length=1, max_length=4), OneOrMany()]


class CertificateSubject(Form):
    """The one name by which a certificate is the client's, compared as a whole (RFC 8705 section 2.1.2)."""

    dn: Annotated[str, Prose(1024)] | None = Field(
        default=None,
        description="Its subject, as RFC 4514 writes it.",
        examples=["CN=orders,O=Acme,C=DE"],
    )
    san_dns: Annotated[str, Label()] | None = Field(
        default=None, description="A DNS name among its alternative names."
    )
    san_uri: Annotated[str, Label()] | None = Field(
        default=None, description="A URI among its alternative names, such as a SPIFFE ID."
    )
    san_ip: Annotated[str, Label()] | None = Field(
        default=None, description="An IP address among its alternative names."
    )
    san_email: Annotated[str, Label()] | None = Field(
        default=None, description="An e-mail address among its alternative names."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            wrong("name the client in exactly one way: dn, san_dns, san_uri, san_ip or san_email")
        return self


class CertificateAuth(Form):
    """A certificate that the client shows in the TLS handshake (RFC 8705)."""

    method: Literal["mtls"] = Field(description="A TLS certificate of the client.")
    certificate: _Certificates | None = Field(
        default=None,
        description="Its certificate, or several while it is renewed. No authority need vouch for it.",
    )
    subject: CertificateSubject | None = Field(
        default=None,
        description="In place of `certificate`: the name that one of `server.tls.client_authorities` has put "
        "into its certificate.",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.certificate is None) == (self.subject is None):
            wrong("say which certificate is its own, in one way: certificate or subject")
        return self


class WorkloadAuth(Form):
    """A token that the platform gives to the workload: of a service account, or a JWT-SVID."""

    method: Literal["workload"] = Field(description="A token of the platform that it runs on.")
    issuer: Annotated[str, Name()] = Field(
        description="The issuer of that token: of type `kubernetes`, or one with `workloads: true`."
    )
    subject: Annotated[str, Label()] = Field(
        description="The `sub` of that token, compared as a whole.",
        examples=["system:serviceaccount:shop:orders"],
    )


class NoAuth(Form):
    """No proof at all: such a client may do nothing but let people sign in."""

    method: Literal["none"] = Field(
        description="The client cannot keep a secret: an app on people's own computers or in their browsers. "
        "It may use no grant but `authorization_code`, `device_code` and `refresh_token`."
    )


AnyAuth = SecretAuth | SecretJwtAuth | KeyAuth | CertificateAuth | WorkloadAuth | NoAuth
