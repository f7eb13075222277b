"""Whom we believe, and about what.

``registry`` holds trusted issuers, ``discovery`` reads an issuer's published metadata, ``keyset`` its key
set, ``jwks`` keeps the keys, each issuer's on a ``shelf`` of its own, whose ``breaker`` knows when to leave a
failing issuer alone, and ``view`` says how it stands. ``provider`` knows where people sign in at an issuer,
``counterpart`` what the server at the other end of a connection says of itself.
Judging a token is for ``subjects``.
"""
