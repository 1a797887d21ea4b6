"""What `journal sync` shows in a folder without Git."""

from __future__ import annotations

from datetime import UTC, datetime

from sync.cli.render import ProgressBar, plural, print_faults, print_json, print_line, print_table
from sync.operations.journal import Journal
from sync.operations.round import RoundResult, go_round


def run_round(journal: Journal, *, dry_run: bool, as_json: bool) -> int:
    """Import what is new, check the journal, and export it; say so in a table.

    Returns:
        The exit code.
    """
    with ProgressBar("syncing") as progress:
        result = go_round(journal, now=datetime.now(UTC), dry_run=dry_run, progress=progress)
    if as_json:
        print_json(result.as_dict())
        return 0 if result.is_clean else 1
    faults = [*result.imported.invalid, *result.validated.faults, *result.exported.invalid]
    print_faults(list(dict.fromkeys(faults)))
    print_table("journal sync", ["step", "what", "result"], rows(result))
    for one in result.exported.skipped:
        print_line(f"{one.path}: skipped: {one.reason}", "dim")
    for note in result.exported.notes:
        print_line(note, "yellow")
    return 0 if result.is_clean else 1


def rows(result: RoundResult) -> list[tuple[str, str, str]]:
    """The table's rows: step, what it looked at, what came of it."""
    got, checked, made = result.imported, result.validated, result.exported
    recalled = f", {got.recalled} recalled" if got.recalls else ""
    imported = f"{got.absent}, skipped" if got.absent else (
        f"{got.imported} imported into {plural(len(got.entries), 'entry', 'entries')}, {got.known} known, "
        f"{got.ours} our own{recalled}, {got.refused} refused"
    )  # fmt: skip
    validated = f"{checked.valid} valid, {len(checked.skipped)} skipped, {plural(len(checked.faults), 'fault')}"
    found = [("import", plural(got.read, "memory", "memories"), imported)]
    found.append(("validate", plural(checked.read, "file"), validated))
    for target in made.targets:
        counts = f"{target.exported} exported, {len(target.left_out)} left out"
        rest = f"{len(made.skipped)} skipped, {len(made.invalid)} invalid"
        found.append(("export", target.path, f"{target.outcome.value}: {counts}, {rest}"))
    return found
