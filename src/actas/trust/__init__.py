"""Whom we believe, and about what.

``registry`` holds trusted issuers, ``discovery`` reads an issuer's published metadata, ``keyset`` its key
set, ``jwks`` keeps the keys, each issuer's on a ``shelf`` of its own. Judging a token is for ``subjects``.
"""
