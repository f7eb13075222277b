"""HTTP.

``gate`` answers the protocol routes from raw ASGI, in front of the router; ``body`` reads a bounded
form; ``token``, ``jwks``, ``metadata`` and ``health`` are the routes; ``errors`` makes an error into a
response; ``protocol`` bounds what uvicorn will read of a request's head.
"""
