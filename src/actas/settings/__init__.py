"""The configuration: read strictly, checked whole, compiled into one immutable value.

``yaml`` reads a file with the line of everything in it, ``scalars`` decides what a plain word means,
``sources`` finds and merges the files, ``environment`` lays ``ACTAS_…`` variables over them. ``schema``
(with ``schema_parties``, ``schema_rules``, ``schema_tests``) is the form of the file in pydantic, built
from ``values``; ``sentences`` says what is wrong with a form so that a person can mend it. ``check``,
``check_parties``, ``check_rules``, ``check_tests`` and ``patterns`` hold what no single field can know;
``references`` resolves secrets and keys. ``compile`` turns the forms into ``definitions``; ``load`` puts
the steps in order. ``schema_json`` publishes the form. Expressions are compiled by ``policy`` and reach
this package as checks handed to ``load``.
"""
