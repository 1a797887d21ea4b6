"""`journal sync`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.render import (
    ProgressBar,
    dry_run_option,
    json_option,
    plural,
    print_faults,
    print_json,
    print_line,
    print_table,
)
from sync.errors import JournalError
from sync.operations.journal import open_journal

if TYPE_CHECKING:
    from sync.operations.sync import StoreResult, SyncResult
    from sync.taskmaster.long_term.port import Flushed

_EXAMPLES = """\b
Examples:
  journal sync --dry-run
  journal sync --store claude --store mcp
  journal sync --on-conflict ours
  journal sync --push"""


@click.command("sync", epilog=_EXAMPLES)
@click.option("--store", "stores", multiple=True, metavar="NAME", help="Only this store; may be given several times.")
@click.option(
    "--on-conflict",
    type=click.Choice(["record", "ours", "theirs", "newest"]),
    default="record",
    show_default=True,
    help="Who decides where journal and store changed the same; `record` leaves it to you.",
)
@click.option("--allow-deletes", type=click.IntRange(min=0), metavar="N", help="Delete up to N entries or records.")
@click.option("--allow-all-changed", is_flag=True, help="Every record of a store may have changed at once.")
@click.option("--allow-shallow", is_flag=True, help="Sync without the whole history; nothing is deleted then.")
@click.option("--restore", is_flag=True, help="Write a store that is gone anew from the journal.")
@click.option("--no-commit", is_flag=True, help="Leave the journal's part in the work tree.")
@click.option("--push", is_flag=True, help="Push afterwards; where somebody else pushed, sync again on what they did.")
@dry_run_option
@json_option
@click.pass_obj
def command(
    folder: Path,
    stores: tuple[str, ...],
    on_conflict: str,
    allow_deletes: int | None,
    allow_all_changed: bool,
    allow_shallow: bool,
    restore: bool,
    no_commit: bool,
    push: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Bring journal and assistants into step, both ways, and commit what came from them.

    Edits, additions, deletions and renames on either side are merged with what both last agreed on. Where both changed
    the same, nothing is touched and a conflict is recorded: `journal conflicts` shows it, `journal resolve` ends it.
    """
    journal = open_journal(folder)
    if journal.location.git_dir is None:
        from sync.cli.round_ import run_round

        return run_round(journal, dry_run=dry_run, as_json=as_json)
    from sync.operations.memory_due import flush_waiting
    from sync.operations.quick import in_step, uncommitted_entries
    from sync.operations.sync_result import StoreResult, SyncOptions, SyncResult

    memories = None if dry_run or no_commit else flush_waiting(journal)
    if not push and (counts := in_step(journal, stores)) is not None:
        in_steps = tuple(
            StoreResult(name=name, in_step=one.count, recalled=one.recalled) for name, one in counts.items()
        )
        result = SyncResult(stores=in_steps, uncommitted=uncommitted_entries(journal), memories=memories)
        show_or_print(result, as_json=as_json, dry_run=dry_run)
        return result.exit_code
    from sync.engine.settle import OnConflict
    from sync.operations.sync import sync

    options = SyncOptions(
        stores=stores,
        dry_run=dry_run,
        on_conflict=None if on_conflict == "record" else OnConflict(on_conflict),
        allow_deletes=allow_deletes,
        allow_all_changed=allow_all_changed,
        allow_shallow=allow_shallow,
        restore=restore,
        commits=not no_commit,
    )
    now = datetime.now(UTC)
    with ProgressBar("syncing") as progress:
        if push and not dry_run:
            from sync.operations.push import sync_and_push

            result = sync_and_push(journal, options, now=now, progress=progress)
        else:
            result = sync(journal, options, now=now, progress=progress)
    result = replace(result, memories=memories)
    show_or_print(result, as_json=as_json, dry_run=dry_run)
    return result.exit_code


def show_or_print(result: SyncResult, *, as_json: bool, dry_run: bool) -> None:
    """A sync's result, as JSON or for people."""
    if as_json:
        print_json(result.as_dict())
    else:
        show(result, dry_run=dry_run)


def show(result: SyncResult, *, dry_run: bool) -> None:
    """What a sync did, or would do, for people: what changed, then the counts, then what is left to do."""
    for one in result.stores:
        for verdict in one.synced.plan.verdicts if one.synced else ():
            style = {"conflict": "red", "skip": "yellow", "in step": "dim", "recalled": "dim"}.get(
                verdict.action.value, ""
            )
            why = f" ({verdict.why})" if verdict.why else ""
            print_line(f"{one.name}: {verdict.action.value}: {verdict.path or verdict.key}{why}", style)
    for memory in result.imported.recalls if result.imported else ():
        print_line(f"augment: {memory}", "dim")
    for entry in result.imported.entries if result.imported else ():
        print_line(f"augment: imported {plural(entry.memories, 'memory', 'memories')} into {entry.path}")
    rows = [(one.name, _told(one, dry_run)) for one in result.stores]
    if result.memories is not None:
        rows.insert(0, ("memories", _told_memories(result.memories)))
    print_table("journal sync", ["store", "what"], rows)
    if result.memories is not None and not isinstance(result.memories, JournalError):
        print_faults(result.memories.faults)
    for one in result.stores:
        if one.synced and one.synced.note:
            print_line(f"{one.name}: {one.synced.note}; nothing was deleted, and what differs is a conflict", "yellow")
        if one.synced and one.synced.conflicts:
            print_line("Next: journal conflicts", "bold")
    if result.uncommitted:
        count = plural(len(result.uncommitted), "entry is", "entries are")
        print_line(f"{count} not committed yet, so no store has what changed: git add journal && git commit", "yellow")
    for path in result.left:
        print_line(f"{path}: left as it is; a sync that died had begun to change it", "yellow")


def _told_memories(memories: Flushed | JournalError) -> str:
    if isinstance(memories, JournalError):
        return f"{memories.code}: {memories.message}{f'; {memories.hint}' if memories.hint else ''}"
    counts = Counter(one.outcome.value for one in memories.told)
    done = ", ".join(f"{count} {name}" for name, count in counts.items())
    kept = f"; {memories.refusal.message}; {memories.refusal.hint}" if memories.refusal else ""
    return f"{memories.owed} waited: {done or 'nothing to do'}{kept}"


def _told(result: StoreResult, dry_run: bool) -> str:
    if result.error is not None:
        hint = f"; {result.error.hint}" if result.error.hint else ""
        return f"{result.error.code}: {result.error.message}{hint}"
    if result.absent:
        return f"{result.absent}, skipped"
    counts = result.counts()
    done = ", ".join(f"{count} {name}" for name, count in counts.items() if count and name != "read")
    return f"{counts['read']} read: {done or 'nothing to do'}{' (nothing is written)' if dry_run else ''}"
