"""People sign in: how they prove who they are, and what they let apps do.

``credentials`` has passwords, ``one_time_codes`` codes of an app and recovery codes, ``passkeys`` passkeys;
``holdings`` is all that one person has of these, as it is sealed, ``records`` reads and changes it, and
``password_rules`` says which passwords nobody may choose. ``guessing`` makes guessing slow.

``sessions`` knows who is signed in at which browser; ``session_records`` keeps that, sealed, and
``ending`` ends one with its entry in the minutes.
``consents`` remembers what people let apps do. ``account`` shows people what is theirs and ends it; ``owner``
says who may change what they sign in with, and ``securing`` changes it.

``request`` reads what an app asks, ``pushed`` and ``pushing`` what it sent here before (RFC 9126), and
``authorizing`` answers it.
``granting`` says what somebody lets an app have and writes it down, for ``authorizing``, which calls apps
back, and for ``devices``, which people type the codes of; devices ask for these at ``device_requests``.

``providers`` says through which issuers people may sign in and what they are sent there with, ``elsewhere``
sends them and takes them back, ``vouched`` proves whom an issuer vouches for, ``facts`` reads what it says of
them.

``terms`` has the rules that registrations of apps amount to; ``userinfo`` tells an app who signed in to it.
No token is made here: what a person let an app do becomes a code, and the code goes through ``exchange`` like
every other request.
"""
