"""The configuration: read strictly, checked whole, compiled into one immutable value.

``yaml`` reads a file with the line of everything in it, ``scalars`` decides what a plain word means,
``sources`` finds and merges the files, ``environment`` lays ``ACTAS_…`` variables over them. ``schema``
(with a ``schema_…`` for each subject) is the form of the file in pydantic, built
from ``values``; ``sentences`` says what is wrong with a form so that a person can mend it. ``check``, the
``check_…`` of each subject and ``patterns`` hold what no single field can know; ``references`` resolves
secrets and keys. Of connections, ``…_connections`` is what all have, ``…_chaining`` what plain grants have,
``…_identifiers``, ``…_details`` and ``…_mcp`` what grants may say; ``check_ways`` lays connections side by
side. ``compile`` turns the forms into ``definitions``; ``load`` puts
the steps in order. ``schema_json`` publishes the form. Expressions are compiled by ``policy`` and reach
this package as checks handed to ``load``.
"""
