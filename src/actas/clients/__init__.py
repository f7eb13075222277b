"""Step 2: who is calling?

``authenticator`` finds exactly one method in a request and the one that is registered; ``secret``,
``private_key_jwt`` and ``public`` are the methods. ``dpop`` says which key the request proves, with the
``nonces`` that this server gives.
"""
