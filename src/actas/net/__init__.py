"""The only way out.

``fetch`` gets a JSON document, or sends a body, and enforces every bound; ``dial`` resolves a name and
connects to an address that was checked; ``addresses`` judges which addresses those are. Nothing else in the
product opens an outgoing connection (SEC-33). What a fetched document means is left to ``trust``.
"""
