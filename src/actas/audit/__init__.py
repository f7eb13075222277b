"""Step 6: what happened?

``log`` is the trail of one request and the log that closes it, ``event`` a trail made into an event
without secrets, ``stream`` the writer's protocol, ``chain`` the link from each entry to the one before,
``checkpoint`` the signed seal of all streams, ``verify`` the proof, ``flood`` the counting of refusals
that nobody authenticated.
"""
