"""Where an app may be called back: exactly where it registered, and on its own computer at any port."""

from __future__ import annotations

import pytest

from actas.signin.redirects import is_local, may_go_to

REGISTERED = (
    "https://web.acme.example/callback",
    "http://127.0.0.1/callback",
    "http://[::1]:8080/callback?a=b",
    "http://localhost",
    "com.acme.app:/callback",
)


@pytest.mark.requirement("OP-4", "OP-90", "OP-91")
@pytest.mark.parametrize(
    "uri",
    [
        *REGISTERED,
        "http://127.0.0.1:1/callback",
        "http://127.0.0.1:65535/callback",
        "http://[::1]/callback?a=b",
        "http://[::1]:9/callback?a=b",
        "http://localhost:3000",
    ],
)
def test_an_app_is_called_back_where_it_registered(uri: str) -> None:
    assert may_go_to(uri, REGISTERED)


@pytest.mark.requirement("OP-4", "OP-90", "OP-92", "OP-93")
@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https://web.acme.example/callback/",
        "https://web.acme.example/callback?",
        "https://web.acme.example/callback#x",
        "https://WEB.acme.example/callback",
        "https://web.acme.example:443/callback",
        "https://web.acme.example/callback/../callback",
        "https://web.acme.example@evil.example/callback",
        "http://web.acme.example/callback",
        "http://127.0.0.1:80@evil.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:99999/callback",
        "http://[::1]:70000/callback?a=b",
        "http://127.0.0.1:80/other",
        "http://127.0.0.1:80/callback?x",
        "http://127.0.0.1:80/callback#x",
        "http://127.0.0.2/callback",
        "http://127.1/callback",
        "https://127.0.0.1/callback",
        "http://[::1]:80/callback",
        "http://localhost:80/",
        "http://localhost:80\n",
        "com.acme.app:/callback2",
        "com.acme.app://callback",
    ],
)
def test_nowhere_else(uri: str) -> None:
    assert not may_go_to(uri, REGISTERED)


def test_what_is_on_the_apps_own_computer_is_known() -> None:
    assert [is_local(one) for one in REGISTERED] == [False, True, True, True, False]
