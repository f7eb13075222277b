"""The kinds of exchange: one value each, and the judge that chooses among them.

``kind`` is the shape of a kind and the table of them; ``delegation``, ``impersonation``, ``translation``,
``downscope`` and ``own`` are the kinds, ``cross_app`` is a grant for another domain's server, ``chaining`` a
plain one, ``redemption`` and ``chained`` the redeeming of such; ``checks`` are the specifications' musts,
which no configuration can switch off, and ``mcp`` those of grants for MCP servers; ``targets`` says what a
request is for, with ``servers`` for plain grants; ``limits`` and ``details`` say what may be granted at most,
``binding`` to which key; ``judge`` puts checks, rules and limits together into one decision,
``ruling`` says what the rules come to, ``wording`` what a refusal is called, and ``proposed`` what changes by
proposals that are tried; ``recording`` tells the minutes of it, and ``fulfilment`` says what
is done with a permit.
"""
