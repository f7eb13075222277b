"""Step 2: who is calling?

``authenticator`` finds exactly one method in a request and the one that is registered; ``secret``,
``client_secret_jwt`` and ``private_key_jwt`` over ``assertion``, ``mutual_tls``, ``workload`` and ``public``
are the methods; ``throttle`` makes guessing slow. ``dpop`` says which key the request proves, with the
``nonces`` that this server gives.
"""
