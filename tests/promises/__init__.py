"""The requirements, page by page. ``tests.requirements`` puts them together; a row is one promise.

``row`` is what a row is, ``token_exchange``, ``cross_app``, ``chaining``, ``clients``, ``devices``, ``possession``, ``security`` and ``reliability`` hold the rows.
"""
