"""What whoever shows a token is told to do better (RFC 6750 section 3, RFC 9449 section 7.1)."""

from __future__ import annotations

from actas.core.errors import InvalidDpopProof, OAuthError, UseDpopNonce
from actas.core.party import Caller
from actas.crypto.proof import PROOF_ALGORITHMS
from actas.web.asgi import Headers
from actas.web.token import GivesNonces


def challenge(error: OAuthError, caller: Caller, *, realm: str, nonces: GivesNonces) -> tuple[int, Headers]:
    """Return the status of a refusal at an address that takes access tokens, and the headers it adds.

    Args:
        caller: who is refused. Whoever shows a DPoP-bound token is answered by that scheme, and whoever
            shows nothing is told no error.
        realm: our own issuer identifier.
        nonces: makes nonces for proofs.
    """
    algorithms = " ".join(PROOF_ALGORITHMS)
    proof = isinstance(error, InvalidDpopProof | UseDpopNonce)
    if not proof and error.status not in (401, 403):
        return error.status, []
    shown = "" if caller.authorization is None else caller.authorization.reveal()
    bound = proof or shown[:5].lower() == "dpop "
    said = [f'realm="{realm}"']
    if shown:
        said.append(f'error="{error.code}"')
    if bound:
        said.append(f'algs="{algorithms}"')
    value = f"{'DPoP' if bound else 'Bearer'} {', '.join(said)}"
    headers: Headers = [(b"www-authenticate", value.encode("ascii"))]
    if bound:
        headers.append((b"dpop-nonce", nonces.fresh().encode("ascii")))
    return 401 if proof else error.status, headers
