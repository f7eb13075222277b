"""The form of the section ``limits``: bounds that protect the server."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from actas.settings.forms import Form
from actas.settings.values import Duration, Rate


class Wait(Form):
    """How long to wait after so many failures in a row."""

    after: int = Field(ge=1, le=100_000, description="Failures in a row.")
    wait: Annotated[int, Duration(1, 24 * 3600)] = Field(description="How long the next attempt has to wait.")


_Waits = Annotated[list[Wait], Field(min_length=1, max_length=8)]


def _usual_waits() -> list[Wait]:
    return [Wait.model_construct(after=10, wait=600)]


class Limits(Form):
    """Bounds that protect the server."""

    later = frozenset({"per_person"})

    in_flight: int = Field(
        default=128,
        ge=1,
        le=65536,
        description="The most requests at work in one process; more are answered with 503 and Retry-After, "
        "as far as there is time for answers, and wait unread beyond that. One that waits for an issuer's "
        "keys is not at work. More places make no more tokens, and everybody wait longer.",
    )
    per_client: Annotated[float, Rate()] | None = Field(
        default=None,
        description="How often one client may ask in one process, such as `50/s`; more is answered with 429. "
        "Default: as often as it likes.",
        examples=["50/s"],
    )
    failed_client_auth: _Waits = Field(
        default_factory=_usual_waits,
        description="How long to wait after client authentication failed so often in a row, for one client "
        "name from one address and in one process; sooner attempts are answered with 429. Default: 10 "
        "minutes after 10.",
    )
    failed_tokens: _Waits = Field(
        default_factory=_usual_waits,
        description="The same for subject and actor tokens that are not genuine, sent by one client from one "
        "address.",
    )
    failed_sign_in: _Waits = Field(
        default_factory=_usual_waits,
        description="The same for people who sign in: for one name from one address. A wrong password and a "
        "wrong code count alike.",
    )
    failed_sign_in_source: _Waits = Field(
        default_factory=lambda: [Wait.model_construct(after=100, wait=600)],
        description="The same for whatever names are tried from one address. Whoever signs in there has "
        "their own failures forgotten, and nobody else's. Default: 10 minutes after 100.",
    )
    failed_sign_in_person: _Waits = Field(
        default_factory=lambda: [Wait.model_construct(after=100, wait=60)],
        description="The same for one name, from whatever addresses. It does not hold where they signed in "
        "before; keep the wait short: strangers should lock nobody out. Default: a minute after 100.",
    )
    failed_provider_answer: _Waits = Field(
        default_factory=_usual_waits,
        description="The same for people who come back from an issuer through which they sign in with an "
        "answer that does not hold: for one issuer and one address.",
    )
    failed_device_code: _Waits = Field(
        default_factory=_usual_waits,
        description="The same for codes of devices that one person types and no device shows. Only time "
        "forgets them.",
    )
    failed_device_code_source: _Waits = Field(
        default_factory=lambda: [Wait.model_construct(after=100, wait=600)],
        description="The same for those that anybody types at one address. Default: 10 minutes after 100.",
    )
