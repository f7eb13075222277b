"""Cryptography and the strict readers in front of it. No other package imports a crypto library.

``jose`` parses, verifies and signs the compact JWS; it stands on ``compact`` (three parts, canonical
base64url, the header), ``json`` (the one JSON reader), ``key`` (public and private keys pinned to one
algorithm), ``jwk`` (keys in JSON), ``signature`` (the primitives), ``edwards`` (points of Ed25519),
``base64url``, ``thumbprint`` (RFC 7638) and ``digests``. ``passwords`` digests client secrets; ``seal``
encrypts what rests in the store. ``jwe`` takes an encrypted token apart, and ``encryption_key`` has the keys
of such. People prove who they are by ``password_hash``, ``one_time_code`` and ``passkey``.

Which issuer to trust, which key to use and what a token may be used for is decided above this floor.
"""
