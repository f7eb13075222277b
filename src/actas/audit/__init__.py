"""Step 6: what happened?

``trail`` is what is known of one request, ``log`` closes it, ``refusal`` closes one that
failed, ``event`` makes it an event without secrets, ``counts`` what the metrics say of it.
``stream`` is the writer's protocol, ``chain`` the link from each entry to the one before, ``delivery``
which answers have left, ``lifecycle`` what a stream says of itself. ``checkpoint`` is the signed seal of
all streams and ``series`` their succession; ``verify`` is the proof, with ``walk``, ``findings`` and
``sentences`` behind it. ``flood`` counts refusals that nobody authenticated; ``query`` is how the minutes
are searched; ``formats`` says the same in the words of others.
"""
