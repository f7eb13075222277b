"""The parameter ``authorization_details``: a JSON array as a string (RFC 9396 section 2)."""

from __future__ import annotations

from typing import Final

from actas.core.details import LONGEST, BadDetails, Details, details_from
from actas.core.errors_of_cross_app import InvalidAuthorizationDetails
from actas.core.params import Params
from actas.crypto.json import BadJson, read_object

NAME: Final = "authorization_details"


def details_of(form: Params) -> Details:
    """Return the authorization details that are asked for; none when the parameter was left out.

    Raises:
        InvalidAuthorizationDetails: it is no such array, or is beyond bounds.
    """
    text = form.get(NAME)
    if text is None:
        return ()
    # The strict reader reads objects: the array is put in one, whose only member it must stay.
    whole = b'{"%b":%b}' % (NAME.encode(), text.encode("utf-8", "surrogatepass"))
    try:
        found = read_object(whole, max_bytes=LONGEST + len(NAME) + 5)
        if found.keys() != {NAME}:
            raise BadDetails("there is something beside the array")
        return details_from(found[NAME])
    except (BadJson, BadDetails) as bad:
        raise InvalidAuthorizationDetails("bad_details", detail=f"authorization_details: {bad}") from None
