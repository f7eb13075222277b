"""Step 5: what comes out? One file for each token type we issue.

``issuer`` is the protocol, ``claims`` what an access token says; ``access_token`` builds, signs and re-reads
JWTs, ``reference_token`` makes texts that stand for the same; ``id_jag`` makes grants for other domains,
``authorization_grant`` plain ones, and ``naming`` says in grants what tenants and people are called there.
``about`` adds what UserInfo may say of people whom an issuer vouches for.
"""
