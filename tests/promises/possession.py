"""Tokens that are good only for the holder of a key, and what APIs say of themselves: TX-145, TX-150 to TX-156."""

from __future__ import annotations

from tests.promises.row import Requirement, kept, on

ROWS: tuple[Requirement, ...] = (
    *on(
        "rfc9449",
        kept("TX-150", "RFC 9449 section 5", "A valid proof gives a token with cnf.jkt, of the type DPoP."),
        kept(
            "TX-151",
            "RFC 9449 section 4.3",
            "One header, typ, algorithm, public key, signature, method, address, time, id and nonce are checked.",
        ),
        kept("TX-152", "RFC 9449 section 8", "A missing or old nonce is use_dpop_nonce, with a fresh one."),
        kept(
            "TX-154", "project policy", "A bound token needs proof of its key, or a rule that names a relay."
        ),
        kept("TX-155", "project policy", "The new token is bound to the key that the requester proved."),
        kept(
            "TX-156", "project policy", "A bound token is not loosened for its holder unless a rule says so."
        ),
    ),
    *on(
        "rfc9728",
        kept("TX-145", "RFC 9728 section 2", "An API publishes its identifier, issuer, scopes and binding."),
        kept("TX-146", "RFC 9728 section 3.3", "Metadata about another resource is not used."),
    ),
    *on(
        "rfc8705",
        kept(
            "TX-153", "RFC 8705 section 3", "A certificate gives cnf.x5t#S256, and token_type stays Bearer."
        ),
    ),
)
