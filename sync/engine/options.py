"""What one store's sync is asked for, and what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sync.engine.base import Base
from sync.engine.conflict import Conflict
from sync.engine.guards import Allowed
from sync.engine.plan import Plan
from sync.engine.recalling import Recognise, recognise_none
from sync.engine.verdict import Settle, unsettled
from sync.repository.refs import Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the person wants.

    Attributes:
        settle: what a conflict comes to.
        allowed: what they have allowed beyond the usual.
        is_dry: nothing is written.
        commits: whether the journal's part is committed; else it stays in the work tree and is not agreed on yet.
        made_from: everything besides the entries that the store's records depend on.
        run, step, since: of the base, see `Base`; an empty `since` is the branch's commit.
        is_restored: a store that is gone is written anew, as if there had been no agreement.
        refuse_secrets: raises RefusedError where incoming text, key -> text, holds a secret.
        recognise: tells new records that say nothing but what the journal said.
        progress: told how many records have been decided.
    """

    settle: Settle = unsettled
    allowed: Allowed = field(default_factory=Allowed)
    is_dry: bool = False
    commits: bool = True
    made_from: str = ""
    run: str = ""
    step: int = 0
    since: str = ""
    is_restored: bool = False
    refuse_secrets: Callable[[Mapping[str, str]], None] = lambda _texts: None
    recognise: Recognise = recognise_none
    progress: Callable[[int, int], None] = lambda _done, _total: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What one store's sync did, or would do.

    Attributes:
        plan: what was decided.
        head: where the branch is afterwards.
        base: the agreement, where nothing had changed since; records that only repeat the journal count as nothing.
        note: why there was none, if that is not a first run.
        conflicts: what is left to a person.
    """

    plan: Plan
    head: Head
    base: Base | None = None
    note: str = ""
    conflicts: tuple[Conflict, ...] = ()
