"""What stops a sync before anything is written. Pure: looks at a plan, says why not, and how to go on."""

from __future__ import annotations

from dataclasses import dataclass

from sync.engine.plan import Plan, Sides
from sync.engine.verdict import Action
from sync.errors import RefusedError

MOST_DELETIONS = 3
MOST_DELETIONS_SHARE = 0.2
FEW = 10  # so many records may all change at once without anything being wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What the person has allowed.

    Attributes:
        deletes: how many deletions; None for the usual number.
        all_changed: everything may have changed at once.
    """

    deletes: int | None = None
    all_changed: bool = False


def refuse_head(*, branch: str, in_progress: str, is_shallow: bool, allow_shallow: bool) -> None:
    """Stop where the repository is in no state to be committed to.

    Raises:
        RefusedError: a merge or the like is under way, HEAD is detached, or the history is cut off.
    """
    if in_progress:
        hint = f"finish it first, or give it up: git {in_progress} --abort"
        if in_progress == "bisect":
            hint = "finish it first: git bisect reset"
        raise RefusedError(f"a {in_progress} is in progress", hint=hint)
    if not branch:
        raise RefusedError("no branch is checked out, so a commit would be lost", hint="run: git switch <branch>")
    if is_shallow and not allow_shallow:
        hint = "fetch it: git fetch --unshallow; or add --allow-shallow, and nothing is deleted"
        raise RefusedError("the history is cut off (a shallow clone), so there may be no base", hint=hint)


def refuse_plan(sides: Sides, plan: Plan, allowed: Allowed) -> None:
    """Stop where a plan would do more than a person would do in one go.

    Raises:
        RefusedError: the store is empty, too much would be deleted, or everything has changed.
    """
    name = sides.store.name
    if sides.was and not sides.now and not _is_allowed(len(sides.was), allowed):
        hint = f"if that is right: journal sync --store {name} --allow-deletes {len(sides.was)}"
        raise RefusedError(f"{name}: the store is empty; {len(sides.was)} records were there", hint=hint)
    for where, action, there in (
        ("journal", Action.JOURNAL_DELETE, len(sides.base.paths)),
        ("store", Action.STORE_DELETE, len(sides.was)),
    ):
        count = plan.count(action)
        if count > max(MOST_DELETIONS, MOST_DELETIONS_SHARE * there) and not _is_allowed(count, allowed):
            hint = f"look: journal sync --dry-run; if that is right, add --allow-deletes {count}"
            raise RefusedError(f"{name}: {count} of {there} would be deleted from the {where}", hint=hint)
    if allowed.all_changed:
        return
    kept = sides.was.keys() & sides.now.keys()
    edited = {one.key for one in plan.verdicts if one.action in (Action.JOURNAL_EDIT, Action.MERGE, Action.CONFLICT)}
    if len(kept) >= FEW and kept <= edited:
        hint = "look: journal sync --dry-run; if that is right, add --allow-all-changed"
        raise RefusedError(f"{name}: all {len(kept)} records have changed at once", hint=hint)


def _is_allowed(count: int, allowed: Allowed) -> bool:
    return allowed.deletes is not None and count <= allowed.deletes
