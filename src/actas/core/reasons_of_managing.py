"""Why somebody does not manage this server: the reasons of the management API, and of who asks for it."""

from __future__ import annotations

from typing import Final

from actas.core.reason import Reason, ReasonText

OF_MANAGING: Final[dict[Reason, ReasonText]] = {
    "bad_token": ReasonText(
        sentence="The token is missing, has ended, or is not for managing this server.",
        meaning="The management API takes only tokens of its own, asked for by a client that holds a role.",
        causes="Nobody is signed in, the hour is over, the client lost its role, or it is another token.",
        remedy="actas login asks for a new one; the detail in the audit log says which check failed.",
    ),
    "no_role": ReasonText(
        sentence="Whoever signed in holds no role at this server that allows what was asked for.",
        meaning="An app asked for a token by which somebody manages this server, and they may not. A device "
        "that waited for them waits no more.",
        causes="Somebody whom `admins` of the configuration does not name, nor a group of theirs; another "
        "account than the one that holds the role; an app that asks for a higher role than they hold.",
        remedy="An owner gives them a role, or they sign in with the account that holds one. The detail in "
        "the audit log says who it was, and which role they hold.",
    ),
    "role_too_small": ReasonText(
        sentence="The role is too small for this.",
        meaning="Every route of the management API wants a role, and nobody changes more than they hold.",
        causes="An auditor changes something, an operator changes a client that holds a higher role, or says "
        "which secret is sent to which server.",
        remedy="actas whoami says the role; an owner changes who holds one. A role that was given since "
        "comes with the next actas login. The detail says what else helps.",
    ),
    "not_found": ReasonText(
        sentence="There is nothing of that name.",
        meaning="The management API has no such object, or no such route.",
        causes="A misspelt name, or an object that was deleted.",
        remedy="List the objects of the kind; a deleted name stays listed nowhere.",
    ),
    "conflict": ReasonText(
        sentence="This cannot be changed in this way.",
        meaning="The object is kept by a file, its name was used before, or something else is in the way.",
        causes="Changing through the API what a file defines, or making a client under a deleted name.",
        remedy="The detail says who keeps it: change it there, or choose another name.",
    ),
    "outdated": ReasonText(
        sentence="It was changed in the meantime.",
        meaning="The version named by If-Match, or the generation of a plan, is not the one kept now.",
        causes="Somebody else changed it.",
        remedy="Look at it again, and decide again.",
    ),
    "unconditional": ReasonText(
        sentence="The request does not say which version it means.",
        meaning="A change names the version that was seen, so that no change is lost (RFC 6585 section 3).",
        causes="If-Match or If-None-Match is missing.",
        remedy="Send the ETag of the object as If-Match, or If-None-Match: * for a new one.",
    ),
    "invalid_configuration": ReasonText(
        sentence="The configuration would not hold.",
        meaning="Every change is checked with everything else, exactly as files are at a start.",
        causes="A name that does not exist, a condition that does not compile, a policy test that fails.",
        remedy="faults has each fault with its place.",
    ),
}
