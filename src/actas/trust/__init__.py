"""Whom we believe, and about what.

``registry`` holds trusted issuers, ``discovery`` reads an issuer's published metadata, ``jwks`` keeps
its keys. Judging a token is left to ``subjects``.
"""
