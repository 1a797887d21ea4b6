"""What runs on each commit: staged entries are checked, and the memories staged with them must be theirs.

A commit that touches no journal must not wait: until it is known that one is touched, nothing is imported that is not
needed to ask Git. Hooks fix and fail, as formatters do: they write the file and stop the commit. They never `git add`.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as typing has it, whose import costs as much as all that a hook without work does
if TYPE_CHECKING:
    from sync.operations.journal import Journal

HOOK_NAMES = ("pre-commit", "pre-merge-commit", "validate", "export")
_SETTINGS_FILE = "journal.toml"


def main(arguments: list[str]) -> int:
    """Run a hook in the repository of the working folder.

    Args:
        arguments: the hook's name, one of HOOK_NAMES; more are ignored, since Git and pre-commit add some.

    Returns:
        The exit code: 0 lets the commit pass.
    """
    if not arguments or arguments[0] not in HOOK_NAMES:
        print(f"journal hook: give one of {', '.join(HOOK_NAMES)}", file=sys.stderr)
        return 2
    if not touches_journal(_staged_names()):
        return 0
    from sync.cli.failure import reported

    return reported(lambda: _run(arguments[0]))


def touches_journal(names: list[str]) -> bool:
    """Whether any of the staged paths concerns the journal."""
    folders = _journal_folders() if names else ()
    return any(name == _SETTINGS_FILE or name.startswith(folders) for name in names)


def _staged_names() -> list[str]:
    """Paths that are staged; the settings file where Git fails, so that what follows says what is wrong."""
    code, printed = _ask_git("diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "-z")
    return [_SETTINGS_FILE] if code else os.fsdecode(printed).split("\0")[:-1]


def _journal_folders() -> tuple[str, ...]:
    """What the staged settings say, since the staged entries are looked at."""
    code, data = _ask_git("cat-file", "blob", f":{_SETTINGS_FILE}")
    if code:
        return ("journal/", "entries/", "memories.json")
    from sync.document.settings import load_settings
    from sync.errors import SettingsError

    try:
        settings = load_settings(data)
    except SettingsError:
        return ("",)  # whatever is staged, the fault has to be shown
    return (f"{settings.entries}/", settings.memories)


def _ask_git(*arguments: str) -> tuple[int, bytes]:
    """(exit code, output) of a git command; its complaints are not shown.

    The process is started by hand: importing `subprocess` takes longer than Git's answer.
    """
    ours, gits = os.pipe()
    actions = [
        (os.POSIX_SPAWN_DUP2, gits, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_CLOSE, ours),
    ]
    try:
        child = os.posix_spawnp("git", ["git", *arguments], os.environ, file_actions=actions)
    except OSError:
        os.close(ours)
        return 127, b""
    finally:
        os.close(gits)
    with open(ours, "rb") as output:
        printed = output.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), printed


def _run(name: str) -> int:
    from pathlib import Path

    from sync.operations.journal import open_journal
    from sync.repository.listing import Source

    journal = open_journal(Path.cwd(), source=Source.INDEX, lenient=name != "export")
    if not journal.exists:
        return 0
    code = 0
    if name != "export":
        code = _validate(journal)
    if name != "validate" and code == 0:
        code = _export(journal)
    return code


def _validate(journal: Journal) -> int:
    from sync.cli.render import print_faults
    from sync.operations.validate import validate

    result = validate(journal, staged=True)
    print_faults(result.faults)
    return 0 if result.is_clean else 1


def _export(journal: Journal) -> int:
    from sync.operations.export import ExportOptions, export
    from sync.repository.listing import Source, list_files, to_row

    # Entries that cannot be read are no news here: those that are staged were checked, the others are not touched.
    export(journal, ExportOptions(source=Source.INDEX))
    path = journal.settings.memories
    staged, written = (
        [to_row(line) for line in list_files(journal.location, path, source).lines]
        for source in (Source.INDEX, Source.WORK_TREE)
    )
    ignored = not staged and all(row.problem for row in written)
    merged = not any(row.problem for row in staged)
    if ignored or (merged and [row.blob for row in staged] == [row.blob for row in written]):
        return 0
    print(f"{path} was not what the staged entries say, and has been written anew.")
    print(f"Add it and commit again: git add {path}")
    return 1
