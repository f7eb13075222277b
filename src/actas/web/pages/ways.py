"""How somebody signs in, as rows of my access."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actas.signin.credentials import Held
from actas.signin.holdings import Kind
from actas.signin.steps import Then
from actas.web.pages.account import WayRow

FEW: Final = 3
"""Recovery codes of which somebody is told that they are few."""


def ways(
    has: frozenset[Kind], held: tuple[Held, ...], *, account: str, paths: Mapping[Then, str]
) -> tuple[WayRow, ...]:
    """Return the rows.

    Args:
        has: what somebody can prove who they are with.
        held: what there is of it.
        account: the name by which they sign in.
        paths: to the pages that change it; to that of passkeys only where they work.
    """
    rows = [_password(has, account, paths["password"])]
    if "passkeys" in paths:
        rows.append(_passkeys(held, paths["passkeys"]))
    rows.append(_codes(has, paths["codes"]))
    if "code" in has:
        rows.append(_recovery(held, paths["recovery"]))
    return tuple(rows)


def _password(has: frozenset[Kind], account: str, path: str) -> WayRow:
    there = "password" in has
    text = f"You sign in as {account}." if there else "You have none."
    return WayRow(name="Password", text=text, path=path, button=f"{'Change' if there else 'Set a'} password")


def _passkeys(held: tuple[Held, ...], path: str) -> WayRow:
    number = sum(one.kind == "passkey" for one in held)
    text = "They sign you in without a password." if number else "None. One signs you in without a password."
    on = str(number) if number else None
    return WayRow(name="Passkeys", on=on, text=text, path=path, button="Manage passkeys")


def _codes(has: frozenset[Kind], path: str) -> WayRow:
    if "code" in has:
        text = "You are asked for a code of your app after the password."
        return WayRow(name="One-time codes", on="on", text=text, path=path, button="Turn off codes")
    text = "Off. A second step keeps out whoever knows your password."
    return WayRow(name="One-time codes", text=text, path=path, button="Turn on codes")


def _recovery(held: tuple[Held, ...], path: str) -> WayRow:
    left = sum(one.left or 0 for one in held if one.kind == "recovery")
    text = f"{left or 'None'} left, for when you do not have your app."
    return WayRow(name="Recovery codes", text=text, care=left <= FEW, path=path, button="Make new codes")
