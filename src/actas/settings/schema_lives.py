"""The forms of how long a sign-in is good for: sessions, refresh tokens of apps, ID tokens."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from actas.core.client import LONGEST_ID_TOKEN, SignInLives
from actas.settings.forms import Form
from actas.settings.values import Duration

USUAL: Final = SignInLives()

_Session = Annotated[int, Duration(300, 30 * 86400)]
_Refresh = Annotated[int, Duration(60, 90 * 86400)]
_IdToken = Annotated[int, Duration(30, LONGEST_ID_TOKEN)]


class SessionLife(Form):
    """How long somebody is signed in at a browser."""

    lifetime: _Session = Field(
        default=USUAL.session,
        description="From the moment they proved who they are, however much they use it: at most 30 days. "
        "What apps were given ends with it, unless it has `offline_access`.",
    )
    idle: _Session = Field(
        default=USUAL.session_idle, description="From the last use on; a session that nobody uses ends then."
    )


class RefreshLife(Form):
    """How long an app may refresh what it was given when somebody signed in."""

    lifetime: _Refresh = Field(
        default=USUAL.refresh, description="From the sign-in on, however often it refreshes: at most 90 days."
    )
    idle: _Refresh = Field(
        default=USUAL.refresh_idle,
        description="From the last time on; a refresh token that is not used ends then.",
    )


class SignInLife(Form):
    """How long a sign-in is good for. What is made shorter holds at once for what there is already."""

    session: SessionLife = Field(
        default_factory=SessionLife.model_construct, description="Of somebody at a browser."
    )
    refresh: RefreshLife = Field(
        default_factory=RefreshLife.model_construct,
        description="Of an app's refresh tokens. A client's `sign_in` may say otherwise.",
    )
    id_token: _IdToken = Field(
        default=USUAL.id_token,
        description="The life of an ID token, at most five minutes, since it can be exchanged. A client's "
        "`sign_in` may say otherwise.",
    )


class ClientRefresh(Form):
    """How long one app may refresh what it was given."""

    lifetime: _Refresh | None = Field(
        default=None,
        description="As in `defaults.sign_in.refresh`, which says it when this is left out.",
    )
    idle: _Refresh | None = Field(
        default=None, description="As in `defaults.sign_in.refresh`, which says it when this is left out."
    )


class ClientLives(Form):
    """What a client's ``sign_in`` says of lives."""

    refresh: ClientRefresh = Field(
        default_factory=ClientRefresh.model_construct,
        description="How long it may refresh what it was given. Default: from `defaults`.",
    )
    id_token: _IdToken | None = Field(
        default=None, description="The life of its ID tokens. Default: from `defaults`."
    )


def lives_of(form: SignInLife) -> SignInLives:
    """Return what holds where a client says nothing."""
    return SignInLives(
        session=form.session.lifetime,
        session_idle=form.session.idle,
        refresh=form.refresh.lifetime,
        refresh_idle=form.refresh.idle,
        id_token=form.id_token,
    )


def lives_at(form: ClientLives, usual: SignInLives) -> SignInLives:
    """Return what holds at a client."""
    return SignInLives(
        session=usual.session,
        session_idle=usual.session_idle,
        refresh=form.refresh.lifetime or usual.refresh,
        refresh_idle=form.refresh.idle or usual.refresh_idle,
        id_token=form.id_token or usual.id_token,
    )
