"""Telling people that somebody acts, or acted, as them: outside any request, at least once (SEC-48).

``due`` is what is kept of a notice until it was told. ``letter`` says what a notice says, as a letter and as
a document. ``telling`` takes what is due and tells it to everybody whom the configuration names. How a letter
is sent is ``actas.net.smtp``'s.
"""
