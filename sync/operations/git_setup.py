"""What Git is told about a journal: the hooks and merge drivers that it runs, and which files they are for.

A driver that has a name and no command kills every merge of its files, and one that .gitattributes names and no
configuration knows is passed over without a word. So commands are written before names, and attributes last.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from shlex import quote

from sync.document.settings import Settings
from sync.repository.git import run_git

HOOKS = ("pre-commit", "pre-merge-commit")
MERGE_HOOK = "post-merge"
CHAINED = ".before-journal"
MARK = "# journal-sync hook"
ATTRIBUTES = ".gitattributes"

_HOOK = """\
#!/bin/sh
{mark}: {purpose}. `journal init {option}` wrote it; delete it to be rid of it.
chained="$0{chained}"
if [ -x "$chained" ]; then
    "$chained" "$@" || exit $?
fi
if command -v journal >/dev/null 2>&1; then
    exec journal hook {name} "$@"
elif [ -x {python} ]; then
    exec {python} -P -m sync hook {name} "$@"
fi
echo "journal: command not found. Install it (pip install journal-sync), or remove $0." >&2
exit 1
"""

# Git quotes %P itself, gitattributes(5): quoting it again would undo that.
_DRIVER = (
    "if command -v journal >/dev/null 2>&1; then journal {command}; "
    "elif [ -x {python} ]; then {python} -P -m sync {command}; "
    "else echo 'journal: command not found, so it was merged without:' %P >&2; {otherwise}; fi"
)
_AS_TEXT = "git merge-file -q --diff3 --marker-size=%L -L ours -L base -L theirs %A %O %B"


def hook_text(name: str) -> str:
    """The script of a hook: what was there runs first, then `journal`, wherever it is."""
    of_merge = name == MERGE_HOOK
    purpose = "brings the memories up to date" if of_merge else "checks staged entries and their memories"
    option = "--merge-driver" if of_merge else "--hooks"
    python = quote(sys.executable)
    return _HOOK.format(mark=MARK, chained=CHAINED, name=name, python=python, purpose=purpose, option=option)


def driver_settings() -> dict[str, str]:
    """Git's settings of both merge drivers, in the order in which they are to be written.

    There is no `merge.journal.recursive`: where two branches have several bases, Git merges those first, by this very
    driver. Git's `binary` would take an older base instead, and what one side has taken back since would come back.
    """
    return {
        "merge.journal.driver": _command("merge-driver -- %O %A %B %L %P", otherwise=_AS_TEXT),
        "merge.journal.name": "entries of the journal, key by key and section by section",
        "merge.journal-generated.driver": _command("merge-driver --generated -- %O %A %B %L %P", otherwise="true"),
        "merge.journal-generated.name": "made from entries: kept as it is, and made anew after the merge",
    }


def read_driver_settings(root: Path) -> dict[str, str]:
    """Those settings as this clone has them; the last one where there are several."""
    asked = ("config", "--local", "-z", "--get-regexp", r"^merge\.journal(-generated)?\.")
    printed = run_git(root, *asked, accept=(0, 1)).decode("utf-8", "surrogateescape")
    found = (line.partition("\n") for line in printed.split("\0")[:-1])
    return {name: value for name, _, value in found}


def write_driver_settings(root: Path, settings: Mapping[str, str]) -> None:
    """Write settings to the clone's configuration, in their order.

    Raises:
        GitError: somebody else is writing it, or it cannot be written.
    """
    for name, value in settings.items():
        run_git(root, "config", "--local", "--replace-all", name, value)


def attribute_lines(settings: Settings) -> list[str]:
    """The lines of .gitattributes that name the drivers."""
    conflicts = PurePosixPath(settings.journal) / "conflicts"
    return [
        f"{_pattern(settings.entries, '/**/*.md')} merge=journal",
        f"{_pattern(settings.memories)} merge=journal-generated",
        f"{_pattern(str(conflicts), '/*.json')} merge=journal-generated",
    ]


def with_lines(text: bytes, lines: Sequence[str]) -> bytes:
    """A file of lines with those lines in it; what was there stays, and so does its kind of line ending."""
    present = {line.strip() for line in text.splitlines()}
    missing = [line.encode() for line in lines if line.encode() not in present]
    if not missing:
        return text
    ending = b"\r\n" if b"\r\n" in text else b"\n"
    gap = b"" if not text or text.endswith(b"\n") else ending
    return text + gap + b"".join(line + ending for line in missing)


def _command(command: str, *, otherwise: str) -> str:
    python = quote(sys.executable).replace("%", "%%")  # Git fills in what stands behind a single one
    return _DRIVER.format(command=command, python=python, otherwise=otherwise)


def _pattern(path: str, wildcards: str = "") -> str:
    r"""A path as gitattributes(5) takes it: `\` before what would be a wildcard, quoted as in C where it has blanks.

    Without a slash in it a pattern is for every folder, and some first characters have a meaning of their own.
    """
    escaped = "".join(f"\\{letter}" if letter in "*?[" else letter for letter in path) + wildcards
    if "/" not in escaped or path[0] in '#!"[':
        escaped = f"/{escaped}"
    if any(letter.isspace() for letter in escaped):
        spelled = escaped.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{spelled}"'
    return escaped
