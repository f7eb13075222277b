"""What Actas costs, as multiples of a limit measured in the same run.

``company`` is the configuration and the requests, ``raw`` the limit, ``in_process`` and ``http`` the parts
that are measured, ``driver`` the caller at the other end, ``measure`` the counting, ``table`` the printing.
``python -m bench`` puts them together.
"""
