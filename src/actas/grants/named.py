"""Whom an administrator wants to act as, and why: the parameters of administrative impersonation.

Three forms (``core.impersonation.Form``). A person is named by their ``sub`` here, or by an issuer-qualified
subject identifier: the JSON object ``{"format":"iss_sub","iss":…,"sub":…}`` of RFC 9493 section 3.2.3. Either
is a name and proves nothing.
"""

from __future__ import annotations

from typing import Final

from actas.core.claims import is_name
from actas.core.errors import InvalidRequest
from actas.core.impersonation import NO_REASON, Form, Named, Why
from actas.core.params import Params
from actas.core.wire import SUBJECT
from actas.crypto.json import BadJson, read_object

LONGEST_REASON: Final = 500
LONGEST_TICKET: Final = 100
"""Characters."""

_LONGEST_NAME: Final = 1000
"""Bytes of an identifier: an issuer and a name, and what JSON needs around them."""

_MEMBERS: Final = {"format", "iss", "sub"}


def named_of(form: Params) -> Named | None:
    """Return whom a token exchange names instead of showing a token of theirs, or None.

    Raises:
        InvalidRequest: a parameter is malformed, or contradicts another: nothing that was sent is dropped.
    """
    wanted = form.get("requested_subject")
    typed = form.get("subject_token_type") == SUBJECT
    if wanted is None and not typed:
        return None
    if wanted is not None:
        if typed:
            raise _malformed("requested_subject says whom, and the subject token says it too")
        if "actor_token" in form or "actor_token_type" in form:
            raise _malformed("with requested_subject the subject token is the actor's; send no actor token")
        return _identifier(wanted, "own_token")
    token = form.secret("subject_token")
    if token is None:
        raise _malformed("subject_token_type was sent without subject_token")
    with_actor = "actor_token" in form or "actor_token_type" in form
    return _identifier(token.reveal(), "actor_token" if with_actor else "by_identifier")


def why_of(form: Params) -> Why:
    """Return the reason that is given, and the ticket.

    Raises:
        InvalidRequest: one of them is too long, or holds control characters.
    """
    reason, ticket = form.get("reason") or "", form.get("ticket") or ""
    if not reason and not ticket:
        return NO_REASON
    for name, text, most in (("reason", reason, LONGEST_REASON), ("ticket", ticket, LONGEST_TICKET)):
        if len(text) > most or not text.isprintable():
            raise _malformed(f"{name} is one line of at most {most} characters")
    return Why(reason.strip(), ticket.strip())


def _identifier(text: str, form: Form) -> Named:
    if not text.startswith("{"):
        if not is_name(text):
            raise _malformed("the subject is not a name")
        return Named(form=form, subject=text)
    try:
        found = read_object(text.encode("utf-8", "surrogatepass"), max_bytes=_LONGEST_NAME)
    except BadJson as bad:
        raise _malformed(f"the subject identifier is not what RFC 9493 says: {bad}") from bad
    issuer, subject = found.get("iss"), found.get("sub")
    if found.keys() != _MEMBERS or found.get("format") != "iss_sub":
        raise _malformed("a subject identifier has the members format (iss_sub), iss and sub, and no others")
    if not (isinstance(issuer, str) and isinstance(subject, str) and is_name(issuer) and is_name(subject)):
        raise _malformed("iss and sub of the subject identifier are not names")
    return Named(form=form, subject=subject, issuer=issuer)


def _malformed(detail: str) -> InvalidRequest:
    return InvalidRequest("malformed_request", detail=detail)
