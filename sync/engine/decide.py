"""What becomes of one record and its entry: decided from texts alone, nothing is read or written here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sync.document.entry import Entry, parse_entry
from sync.document.splice import set_values
from sync.engine.conflict import Conflict
from sync.engine.verdict import Action, Pair, Settle, Verdict, unsettled
from sync.errors import DocumentError, ShapeError
from sync.merge.decision import Action as MergeAction
from sync.merge.decision import Decision
from sync.merge.entry import Merged, merge_texts
from sync.stores.protocol import Store

Merge = Callable[[str | None, str, str], Merged]
"""Merges the texts of an entry: base, ours, theirs."""


def decide(pair: Pair, store: Store[Any], *, settle: Settle = unsettled, merge: Merge = merge_texts) -> Verdict:
    """What is to become of one record and its entry.

    Args:
        pair: what both sides and the base hold.
        store: the store's adapter.
        settle: what a conflict comes to.
        merge: merges two texts that both changed.
    """
    try:
        verdict = _decide(pair, store, settle, merge)
    except (ShapeError, DocumentError) as error:
        return _skipped(pair, error.message)
    if verdict.text is not None and (why := _unfit(pair, verdict, store)):
        return _skipped(pair, why)
    return verdict


def _decide(pair: Pair, store: Store[Any], settle: Settle, merge: Merge) -> Verdict:
    if pair.base is None:
        return _first_meeting(pair, store, settle, merge)
    if pair.now is None:
        return _gone_from_store(pair, store, settle)
    try:
        seen = _as_entry(pair, store)
    except DocumentError:  # the agreed entry cannot hold what the store says; a new one may
        return _settled(pair, store.create(pair.key, pair.now).text, (), settle, store)
    if pair.ours is None:
        if seen == pair.base:
            return Verdict(key=pair.key, path=pair.path, action=Action.STORE_DELETE, seen=seen)
        return _settled(pair, seen, (), settle, store)
    if seen == pair.base:
        return _ours_only(pair, seen)
    if store.get(_parsed(pair.path, pair.ours)) == store.parse(pair.key, pair.now):
        return _in_step(pair, seen)
    merged = merge(pair.base, pair.ours, seen)
    if merged.text is None:
        return _settled(pair, seen, _clashes(merged), settle, store)
    return _merged(pair, seen, merged)


def _in_step(pair: Pair, seen: str) -> Verdict:
    """Both sides say the same, however they came to it (what Unison calls a false conflict)."""
    return Verdict(
        key=pair.key, path=pair.path, action=Action.IN_STEP, text=pair.ours, seen=seen, in_store=pair.is_wanted
    )


def _first_meeting(pair: Pair, store: Store[Any], settle: Settle, merge: Merge) -> Verdict:
    """There is no base: what one side has, the other gets; what both have must be the same."""
    if pair.now is None:
        if pair.ours is None or not pair.is_wanted:
            return Verdict(key=pair.key, path=pair.path, action=Action.UNCHANGED, text=pair.ours)
        return Verdict(key=pair.key, path=pair.path, action=Action.STORE_ADD, text=pair.ours, in_store=True)
    if pair.ours is None:
        text = store.create(pair.key, pair.now).text
        if store.key(_parsed(pair.path, text)) != pair.key:  # its name was taken
            text = set_values(text, {store.key_name: pair.key})
        return Verdict(
            key=pair.key, path=pair.path, action=Action.JOURNAL_ADD, text=text, seen=text, in_store=pair.is_wanted
        )
    entry = _parsed(pair.path, pair.ours)
    record = store.parse(pair.key, pair.now)
    if record == store.get(entry):
        return _in_step(pair, pair.ours)
    try:
        seen = store.put(record, entry).text
    except DocumentError:  # the entry cannot hold what the store says; a new one may
        seen = store.create(pair.key, pair.now).text
    return _settled(pair, seen, _clashes(merge(None, pair.ours, seen)), settle, store)


def _gone_from_store(pair: Pair, store: Store[Any], settle: Settle) -> Verdict:
    if pair.ours is None:
        return Verdict(key=pair.key, path=pair.path, action=Action.IN_STEP)
    if pair.ours == pair.base:
        return Verdict(key=pair.key, path=pair.path, action=Action.JOURNAL_DELETE)
    return _settled(pair, None, (), settle, store)


def _ours_only(pair: Pair, seen: str) -> Verdict:
    if not pair.is_wanted:
        return Verdict(
            key=pair.key, path=pair.path, action=Action.STORE_DELETE, why="not selected", text=pair.ours, seen=seen
        )
    same = pair.ours == pair.base and pair.head is None and pair.base_path in ("", pair.path)
    action = Action.UNCHANGED if same else Action.STORE_EDIT
    return Verdict(key=pair.key, path=pair.path, action=action, text=pair.ours, seen=seen, in_store=True)


def _merged(pair: Pair, seen: str, merged: Merged) -> Verdict:
    text = merged.text
    if text == pair.ours:
        action = Action.IN_STEP
    elif pair.ours == pair.base:
        action = Action.JOURNAL_EDIT
    else:
        action = Action.MERGE
    return Verdict(
        key=pair.key,
        path=pair.path,
        action=action,
        text=text,
        seen=seen,
        in_store=pair.is_wanted,
        merges=tuple(merged.decisions),
    )


def _settled(pair: Pair, seen: str | None, places: tuple[Decision, ...], settle: Settle, store: Store[Any]) -> Verdict:
    """A conflict, or what somebody has decided about it."""
    conflict = Conflict(
        store=store.name, key=pair.key, path=pair.path, base=pair.base, ours=pair.ours, theirs=seen, places=places
    )
    text = settle(conflict)
    if isinstance(text, Conflict):
        return Verdict(
            key=pair.key,
            path=pair.path,
            action=Action.CONFLICT,
            why=conflict.why,
            text=pair.ours,
            seen=pair.base,
            in_store=pair.now is not None,
            is_agreed=False,
            conflict=conflict,
        )
    action = Action.MERGE if text not in (pair.ours, seen) else Action.STORE_EDIT if text == pair.ours else None
    if text is None:
        action = Action.STORE_DELETE if pair.ours is None else Action.JOURNAL_DELETE
    return Verdict(
        key=pair.key,
        path=pair.path,
        action=action or Action.JOURNAL_EDIT,
        why=f"settled: {conflict.why}",
        settled=conflict.id,
        text=text,
        seen=seen,
        in_store=text is not None and pair.is_wanted,
    )


def _as_entry(pair: Pair, store: Store[Any]) -> str:
    """The agreed entry as the store has it now."""
    if pair.base is None or pair.now is None:
        raise ValueError("needs both")
    if pair.now == pair.was and not pair.was_key:
        return pair.base
    path = pair.base_path or pair.path
    base = _parsed(path, pair.base)
    record = store.parse(pair.key, pair.now)
    if pair.was_key:
        base = _parsed(path, set_values(pair.base, {store.key_name: pair.key}))
    return store.put(record, base).text


def _clashes(merged: Merged) -> tuple[Decision, ...]:
    return tuple(one for one in merged.decisions if one.action is MergeAction.CONFLICT)


def _parsed(path: str, text: str) -> Entry:
    entry = parse_entry(path, text)
    if not isinstance(entry, Entry):
        raise DocumentError(str(entry), key=entry.key, hint=entry.hint)
    return entry


def _unfit(pair: Pair, verdict: Verdict, store: Store[Any]) -> str:
    """Why an entry that is to be written must not be; empty where nothing is wrong with it."""
    if verdict.action not in (Action.JOURNAL_ADD, Action.JOURNAL_EDIT, Action.MERGE) or verdict.text is None:
        return ""
    entry = parse_entry(verdict.path, verdict.text)
    if not isinstance(entry, Entry):
        return str(entry)
    if store.key(entry) != verdict.key:
        return f"the entry would be {store.key(entry)!r} in the store, not {verdict.key!r}"
    before = parse_entry(pair.path, pair.ours) if pair.ours is not None else None
    if isinstance(before, Entry) and before.front == entry.front:
        return ""
    from sync.schema import Schema, check  # slow to import, and needed only where something comes in

    findings = check(Schema.ENTRY, dict(entry.front))
    return f"{findings[0].key}: {findings[0].message}" if findings else ""


def _skipped(pair: Pair, why: str) -> Verdict:
    return Verdict(
        key=pair.key,
        path=pair.path,
        action=Action.SKIP,
        why=why,
        text=pair.ours,
        seen=pair.base,
        in_store=pair.now is not None,
        is_agreed=False,
    )
