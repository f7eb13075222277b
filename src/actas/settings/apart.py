"""Parts of a configuration that does not hold as a whole: what a server is, without its clients and rules.

Whoever is called when a change has broken the files needs the log at that moment. Where its data, its keys
and its log are is read as strictly as ever; what is wrong elsewhere is left for ``actas check`` to say.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from actas.settings.objects import DEFAULTS
from actas.settings.sources import Gathered

_OF_THE_LOG: Final = ("server", "keys", "audit")


def without_objects(gathered: Gathered) -> Gathered:
    """Return the settings of a server: every section but those that the store of record keeps."""
    return _part(gathered, [name for name in gathered.sections if name != DEFAULTS])


def where_the_log_is(gathered: Gathered) -> Gathered:
    """Return the sections that say where the data, the keys and the log are, and no other."""
    return _part(gathered, _OF_THE_LOG)


def _part(gathered: Gathered, names: Container[str]) -> Gathered:
    sections = {name: written for name, written in gathered.sections.items() if name in names}
    # A file that cannot be read may say where the log is, unless others do: absence is no answer then.
    blind = gathered.broken and not {"server", "audit"} <= sections.keys()
    faults = [
        one
        for one in gathered.faults
        if one.path.partition(".")[0] in sections or one.path in _OF_THE_LOG or (blind and not one.path)
    ]
    return Gathered(gathered.first, sections=sections, faults=faults, broken=gathered.broken)
