"""What views have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Something to show.

    Attributes:
        template: the file that says how.
        title: of the window; fixed, since a name from elsewhere could pretend there to be us.
        wide: whether it needs more than a column.
    """

    template: ClassVar[str]
    title: ClassVar[str]
    wide: ClassVar[bool] = False

    @property
    def script(self) -> str | None:
        """The one file of ours that the page runs; None for nearly all, which run nothing."""
        return None

    @property
    def targets(self) -> tuple[str, ...]:
        """The addresses outside of this server to which a form of the page may lead."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView(View):
    """A page that changes something.

    Attributes:
        action: the path to which its form is posted.
        csrf: the token that proves that a form came from this page (SEC-78); each form has it as ``csrf``.
        hidden: what else each form carries, names with values.
        leads_to: addresses to which the answers to its forms may redirect, at once or by way of other pages
            of ours: a client's redirect address, a provider's. Browsers let a form lead nowhere else.
    """

    action: str
    csrf: str
    hidden: tuple[tuple[str, str], ...] = ()
    leads_to: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        return self.leads_to
