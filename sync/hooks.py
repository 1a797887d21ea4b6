"""What runs on each commit and merge: staged entries are checked, and the memories that go with them must be theirs.

A commit that touches no journal must not wait: until it is known that one is touched, nothing is imported that is not
needed to ask Git. Hooks fix and fail, as formatters do: they write the file and stop the commit. They never `git add`.
After a merge there is nothing to stop: the file is written, and what is left to do is said.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as typing has it, whose import costs as much as all that a hook without work does
if TYPE_CHECKING:
    from sync.operations.journal import Journal

_AFTER_MERGE = "post-merge"
HOOK_NAMES = ("pre-commit", "pre-merge-commit", _AFTER_MERGE, "validate", "export")
_SETTINGS_FILE = "journal.toml"


def main(arguments: list[str]) -> int:
    """Run a hook in the repository of the working folder.

    Args:
        arguments: the hook's name, one of HOOK_NAMES, and what Git and pre-commit add, of which only the flag of
            post-merge is looked at.

    Returns:
        The exit code: 0 lets the commit pass. A merge has been made already, so post-merge always gives 0.
    """
    if not arguments or arguments[0] not in HOOK_NAMES:
        print(f"journal hook: give one of {', '.join(HOOK_NAMES)}", file=sys.stderr)
        return 2
    after_merge = arguments[0] == _AFTER_MERGE
    if not touches_journal(_merged_names() if after_merge else _staged_names()):
        return 0
    from sync.cli.failure import reported

    if after_merge:
        reported(lambda: _refresh(is_squash=arguments[1:2] == ["1"]))
        return 0
    return reported(lambda: _run(arguments[0]))


def touches_journal(names: list[str]) -> bool:
    """Whether any of the staged paths concerns the journal."""
    folders = _journal_folders() if names else ()
    return any(name == _SETTINGS_FILE or name.startswith(folders) for name in names)


def _staged_names() -> list[str]:
    """Paths that are staged; the settings file where Git fails, so that what follows says what is wrong."""
    return _names_of("diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "-z")


def _merged_names() -> list[str]:
    """Paths that a merge has changed, committed or, with `--squash`, staged only; as above where Git fails."""
    return _names_of("diff-index", "--cached", "--name-only", "--no-renames", "-z", "ORIG_HEAD", "--")


def _names_of(*arguments: str) -> list[str]:
    code, printed = _ask_git(*arguments)
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


def _refresh(*, is_squash: bool) -> int:
    """After a merge: the memories of the entries in the work tree, and how to commit them."""
    from pathlib import Path

    from sync.engine.apply import Outcome
    from sync.operations.export import ExportOptions, export
    from sync.operations.journal import open_journal

    journal = open_journal(Path.cwd())
    if not journal.exists or export(journal, ExportOptions(check=True)).is_clean:
        return 0
    path = journal.settings.memories
    targets = export(journal, ExportOptions()).targets
    was_written = any(target.path == path and target.outcome is Outcome.WRITTEN for target in targets)
    if was_written and not _is_ignored(path):
        print(f"{path} was made anew from the merged entries. Commit it: {_commit_command(path, is_squash=is_squash)}")
    return 0


def _is_ignored(path: str) -> bool:
    return _ask_git("check-ignore", "--quiet", "--", path)[0] == 0


def _commit_command(path: str, *, is_squash: bool) -> str:
    """What brings memories into the history: into the merge's own commit, if there is one that nobody else has yet.

    After a fast-forward the last commit is somebody else's; only Git's log of HEAD tells.
    """
    from shlex import quote

    add = f"git add {quote(path)}"
    if is_squash:
        return f"{add} && git commit"
    code, told = _ask_git("log", "--walk-reflogs", "--max-count=1", "--format=%gs", "HEAD", "--")
    made_here = code == 0 and b": Merge made by " in told
    options = "--amend --no-edit" if made_here else "-m 'Bring the memories up to date'"
    return f"{add} && git commit {options}"
