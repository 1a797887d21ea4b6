"""Opening the memory of a journal: its rules, its tiers and its long-term side, wired to each other."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar
from uuid import uuid4

from sync.document.memory_settings import MemorySettings, duration
from sync.operations.journal import Journal, Progress, no_progress
from sync.operations.memory_last import LastFlushFile
from sync.operations.memory_later import LongTermLater
from sync.operations.memory_site import find_site
from sync.repository.files import read_or_none, signature
from sync.taskmaster.context_rules import ContextRules, FixedRules, load_context_rules
from sync.taskmaster.core import Core, Health, Relay, Tiers
from sync.taskmaster.events import Bus, Event
from sync.taskmaster.flush_due import FlushRecord
from sync.taskmaster.live_rules import LiveRules
from sync.taskmaster.long_term.loading import LoadingCatalogue
from sync.taskmaster.long_term.port import LongTerm
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.memory import Tier
from sync.taskmaster.sharing import Sharing
from sync.taskmaster.sharing_rules import SharingRules
from sync.taskmaster.tiers.registry import open_tiers

T = TypeVar("T")

CONTEXTS, SHARING = "contexts.yaml", "sharing.yaml"
"""In the journal's folder: which contexts there are, and who is given whose memories."""


def utc_now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


def open_memory(
    journal: Journal,
    *,
    clock: Callable[[], datetime] = utc_now,
    writer: str = "",
    progress: Progress = no_progress,
) -> MemoryManager:
    """The memory manager of a journal.

    Args:
        journal: the journal.
        clock: tells the time, aware, in UTC.
        writer: the name that writes are made under; empty for that of the user.
        progress: told how many entries have been read, where the first call has to read all.

    Raises:
        SettingsError: contexts.yaml is wrong, with its line.
        UsageError: a package that the settings ask for is not installed.
        RefusedError: journal.toml names a server that this clone does not trust.
    """
    return MemoryManager(*memory_parts(journal, clock=clock, writer=writer, progress=progress))


def memory_parts(
    journal: Journal,
    *,
    clock: Callable[[], datetime] = utc_now,
    writer: str = "",
    progress: Progress = no_progress,
) -> tuple[Core, LongTerm | None, Sharing, FlushRecord]:
    """What a `MemoryManager` is made of; see `open_memory`."""
    load = keep_rules(journal)
    load()  # so that what is wrong is said now
    rules = LiveRules(load)
    site = find_site(journal)
    events = Bus()

    def tell(tier: Tier, is_up: bool) -> None:
        name = "tier:up" if is_up else "tier:down"
        events.publish(Event(name=name, context="", key="", at=clock(), data={"tier": tier.value}))

    tiers = open_tiers(site)
    long = _long_term(journal, site.settings, tiers, progress)
    if tiers.catalogue is not None and tiers.objects is not None:
        whole = LoadingCatalogue(tiers.catalogue, tiers.objects)
        tiers = replace(tiers, catalogue=whole, plain_catalogue=tiers.catalogue)
    core = Core(
        tiers=tiers, rules=rules, settings=site.settings, clock=clock,
        writer=writer or _user(), events=events, health=Health(clock, tell),
        relay=_relay(site.settings, events),
    )  # fmt: skip
    return core, long, Sharing(keep_sharing(journal, rules)), LastFlushFile(site.folder)


def _relay(settings: MemorySettings, events: Bus) -> Relay | None:
    if not settings.events:
        return None
    from sync.taskmaster.redis_events import RedisEvents

    timeout_s = duration(settings.timeout).total_seconds()
    return RedisEvents(events, settings.events, origin=uuid4().hex, space=settings.space, timeout_s=timeout_s)


def _long_term(journal: Journal, settings: MemorySettings, tiers: Tiers, progress: Progress) -> LongTermLater | None:
    catalogue, objects = tiers.catalogue, tiers.objects
    if catalogue is None or objects is None:
        return None

    def open_it() -> LongTerm:
        from sync.taskmaster.long_term.parts import Parts  # the sync engine takes longer to import than most calls take
        from sync.taskmaster.long_term.tier import JournalTier

        parts = Parts(
            location=journal.location, settings=journal.settings, state_folder=journal.lock_folder,
            catalogue=catalogue, working=tiers.working, short=tiers.short, objects=objects,
            object_bytes=settings.limits.object_bytes,
            objects_folder="" if "://" in settings.objects else settings.objects,
        )  # fmt: skip
        return JournalTier(parts, progress)

    return LongTermLater(open_it)


def keep_rules(journal: Journal) -> Callable[[], ContextRules]:
    """What gives the rules of contexts.yaml as they are now; the file is read again only where it has changed."""
    file = journal.absolute(f"{journal.settings.journal}/{CONTEXTS}")
    return _kept(lambda: signature(file), lambda: load_rules(journal))


def keep_sharing(journal: Journal, rules: ContextRules) -> Callable[[], SharingRules]:
    """As `keep_rules`, of sharing.yaml, which is read with the application of the contexts."""
    file = journal.absolute(f"{journal.settings.journal}/{SHARING}")
    return _kept(lambda: (signature(file), rules.application), lambda: load_sharing(journal, rules.application))


def _kept(mark: Callable[[], object], load: Callable[[], T]) -> Callable[[], T]:
    """What loads something again only where its mark is another; what cannot be loaded is tried each time."""
    kept: tuple[object, T] | None = None

    def current() -> T:
        nonlocal kept
        now, known = mark(), kept
        if known is None or known[0] != now:
            known = kept = now, load()
        return known[1]

    return current


def load_sharing(journal: Journal, application: str) -> SharingRules:
    """The rules of sharing.yaml; without it nothing is shared.

    Raises:
        SettingsError: it is wrong.
    """
    from sync.taskmaster.sharing_file import load_sharing_rules  # reads YAML, which most calls need not

    path, data = _rules_file(journal, SHARING)
    return SharingRules() if data is None else load_sharing_rules(data, path, application=application)


def load_rules(journal: Journal) -> ContextRules:
    """The rules of contexts.yaml; without it everything is allowed.

    Raises:
        SettingsError: it is wrong.
    """
    path, data = _rules_file(journal, CONTEXTS)
    return FixedRules() if data is None else load_context_rules(data, path)


def _rules_file(journal: Journal, name: str) -> tuple[str, bytes | None]:
    """The path of a file in the journal's folder, as people know it, and its bytes; None where it is not there."""
    path = f"{journal.settings.journal}/{name}".removeprefix("./")
    return path, read_or_none(journal.absolute(path))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return "somebody"
