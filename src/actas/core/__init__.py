"""Words and values. Nothing here does I/O, and nothing here imports another package of ours.

``wire`` holds the protocol's words, ``errors`` every way a request can be refused, ``params`` the form,
``claims`` typed reading of claims, ``url`` the one reading of addresses, ``secret`` a value that does not
print itself. ``party``, ``client``, ``target`` and ``permit`` hold the values that travel through the seven
steps, in the order in which trust grows. ``abroad`` is what connections say of other domains, ``naming``
what people are called there, ``details`` authorization details, ``wording`` what an error is called between
domains, and ``resource_metadata`` what the keeper of an API publishes about it. ``events`` names what can
happen, ``metrics`` what is counted; ``places`` what a request at work occupies, ``pacing`` how long to
wait, ``ending`` what is not broken off; ``ports`` what we ask of the world.
"""
