"""Step 4: may it be done? Pure: no I/O, no clock, no chance.

``rule`` is a rule in its file form, ``expression`` the only importer of CEL, ``match`` the conditions and
how they combine, ``decide`` the compiled policy with its index, ``narrow`` scope and lifetime (only ever
less), ``connections`` the targets in other domains with the rule of each, ``explain`` why yes, why no, and
what would have changed it.
"""
