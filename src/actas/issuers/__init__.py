"""Step 5: what comes out? One file for each token type we issue.

``issuer`` is the protocol; ``access_token`` builds, signs and re-reads JWT access tokens.
"""
