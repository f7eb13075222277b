"""The form of the section ``impersonation``, and of what one rule says about it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from actas.policy.impersonation import LONGEST_APPROVAL, LONGEST_IMPERSONATION, LONGEST_LIFE
from actas.settings.addresses import HttpsUrl
from actas.settings.forms import Form, OneOrMany, SecretSource
from actas.settings.schema_parties import Conditions, LabelText
from actas.settings.values import EMAIL, Duration, Prose, Word, wrong

_Groups = Annotated[list[LabelText], Field(min_length=1, max_length=1000)]
_Classes = Annotated[list[LabelText], Field(min_length=1, max_length=20), OneOrMany()]
_Ticket = Annotated[str, Prose(200)]
_Age = Annotated[int, Duration(10, 24 * 3600)]
_Lasts = Annotated[int, Duration(60, LONGEST_IMPERSONATION)]
_AtOnce = Annotated[int, Field(ge=1, le=100)]
_PerHour = Annotated[int, Field(ge=1, le=10_000)]


class Recipient(Word):
    """Somebody who is told: the person, or an address."""

    def read(self, text: str) -> str:
        return text if text == "subject" else EMAIL.read(text)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"const": "subject"}, EMAIL.schema()]}


class ApprovalForm(Form):
    """Four eyes: who has to approve an impersonation before it begins."""

    by: LabelText = Field(
        description="A group. One of its members has to approve, and never whoever asks, nor the person."
    )
    when: Conditions | None = Field(
        default=None,
        description="CEL, as in a rule: approval is needed when all of it holds, or cannot be evaluated. "
        "Default: always.",
        examples=['subject.groups.exists(g, g == "executives")'],
    )


class Protected(Form):
    """As whom nobody acts, whatever a rule allows."""

    groups: _Groups | None = Field(default=None, description="Groups of people.")
    names: _Groups | None = Field(default=None, description="People, by the names of `users`.")


class RuleImpersonation(Form):
    """What one rule asks of an administrator, beyond what the section `impersonation` asks of all."""

    names_actor: bool = Field(
        default=True,
        description="Whether the token names the administrator in `act`. With `false` an API cannot tell it "
        "from the person's own; the audit log always names the administrator.",
    )
    by_identifier: Literal[True] | None = Field(
        default=None,
        description="`true` lets the client itself act as the people of `subject`, with no token of "
        "anybody. The rule then names the client, and the people by `names` or `groups`.",
    )
    reason: Literal["required"] | None = Field(
        default=None, description="`required` wants a `reason` even where the section does not."
    )
    ticket: _Ticket | None = Field(
        default=None, description="A pattern that the whole `ticket` must match, beside that of the section."
    )
    max_age: _Age | None = Field(
        default=None, description="How long ago the administrator may have signed in (`auth_time`)."
    )
    acr: _Classes | None = Field(
        default=None, description="How the administrator must have signed in: one of these (`acr`)."
    )
    lasts: _Lasts | None = Field(
        default=None, description="How long it lasts at most, however many tokens it had."
    )
    approval: ApprovalForm | None = Field(
        default=None, description="Who has to approve it, beside those of the section."
    )
    at_once: _AtOnce | None = Field(
        default=None, description="How many may run at once for one administrator, instead of the section's."
    )
    per_hour: _PerHour | None = Field(
        default=None, description="How many one may ask for in an hour, instead of the section's."
    )


class ImpersonationForm(Form):
    """Acting as somebody else, as far as it is not up to each rule."""

    require_reason: bool = Field(default=True, description="Whether a `reason` is always wanted.")
    ticket: _Ticket | None = Field(
        default=None,
        description="A pattern that the whole `ticket` must match. Default: none is wanted.",
        examples=["^(HELP|INC)-[0-9]+$"],
    )
    max_age: _Age | None = Field(
        default=None,
        description="How long ago the administrator may have signed in (`auth_time`). Default: 12h where "
        "an ID token of this server says it, which may be a new one of an old session, and any time where "
        "another issuer vouches for them.",
    )
    acr: _Classes | None = Field(
        default=None,
        description="How the administrator must have signed in: one of these (`acr`). Default: anyhow.",
    )
    max_lifetime: Annotated[int, Duration(10, LONGEST_LIFE)] = Field(
        default=15 * 60, description="The longest life of one token: at most an hour."
    )
    lasts: _Lasts = Field(
        default=60 * 60,
        description="How long an impersonation lasts at most, however many tokens it had: at most 8 hours.",
    )
    approval: ApprovalForm | None = Field(
        default=None, description="Who has to approve it first. Default: nobody."
    )
    approval_within: Annotated[int, Duration(60, LONGEST_APPROVAL)] = Field(
        default=60 * 60,
        description="How long an approval may take, and for how long it is good until it is used, once.",
    )
    at_once: _AtOnce = Field(default=1, description="How many may run at once for one administrator.")
    per_hour: _PerHour = Field(default=10, description="How many one administrator may ask for in an hour.")
    protected: Protected = Field(
        default_factory=Protected.model_construct, description="As whom nobody acts."
    )
    notify: Annotated[list[Annotated[str, Recipient()]], Field(min_length=1, max_length=8)] | None = Field(
        default=None,
        description="Who gets a letter: `subject`, the person, at their `email`; and addresses. It says who, "
        "why, until when, and where the person ends it. Needs `server.mail`. Default: nobody; the person "
        "sees it at `/account` in any case.",
        examples=[["subject", "security@acme.example"]],
    )
    notify_at: Annotated[list[Literal["start", "end"]], Field(min_length=1, max_length=2)] = Field(
        default=["start"],
        description="When: as it begins (`start`), and once it has ended, however it did (`end`).",
    )
    notify_webhook: Annotated[str, HttpsUrl(query=True)] | None = Field(
        default=None,
        description="An address that gets the same by POST, as a JSON object, signed as Standard Webhooks "
        "says. An address that is not public is reached only when `server.private_hosts` names its host.",
        examples=["https://notices.acme.example/impersonations"],
    )
    notify_secret: Annotated[list[SecretSource], OneOrMany(), Field(min_length=1, max_length=2)] | None = (
        Field(
            default=None,
            description="What that is signed with: `whsec_` and 24 to 64 bytes in base64. While it is "
            "changed there are two, and both sign.",
            examples=[{"env": "NOTICES_SECRET"}],
        )
    )
    notify_required: bool = Field(
        default=False,
        description="Whether nobody acts as a person who cannot be told: who has no `email`.",
    )

    @model_validator(mode="after")
    def _notices(self) -> Self:
        if (self.notify_webhook is None) != (self.notify_secret is None):
            wrong("notify_webhook and notify_secret come together")
        if self.notify_required and "subject" not in (self.notify or ()):
            wrong("notify_required wants subject in notify: the person is who has to be told")
        return self
