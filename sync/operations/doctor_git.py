"""What the doctor looks at in Git: the clone, its configuration, the merge driver, the hooks."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from sync.errors import RefusedError
from sync.operations.checkup import Finding, State
from sync.operations.git_setup import (
    ATTRIBUTES,
    CHAINED,
    HOOKS,
    MARK,
    MERGE_HOOK,
    attribute_lines,
    driver_settings,
    hook_text,
    read_driver_settings,
    with_lines,
    write_driver_settings,
)
from sync.operations.journal import Journal
from sync.repository.files import read_or_none, refuse_outside, write_atomic
from sync.repository.git import run_git
from sync.repository.lock import lock
from sync.repository.refs import read_head

_FALLBACK = re.compile(r"\[ -x (.+?) \]")
_CHAINED_TEST = '[ -x "$chained" ]'
_OURS = "command -v journal"  # is in every script of ours
_DRIVERS = ("journal", "journal-generated")


def check_clone(journal: Journal) -> Iterator[Finding]:
    """Whether the whole history is here: bases and renames are found in it."""
    if read_head(journal.location).is_shallow:
        yield Finding(check="", message="the history is cut off (a shallow clone)", hint="run: git fetch --unshallow")


def check_line_ends(journal: Journal) -> Iterator[Finding]:
    """Whether Git changes line endings on its way to the work tree."""
    value = run_git(journal.root, "config", "--get", "core.autocrlf", accept=(0, 1)).decode("utf-8", "replace").strip()
    if value.lower() not in ("", "false", "no", "off", "0"):
        message = f"core.autocrlf is {value}: Git changes line endings; entries are compared as it stores them"
        yield Finding(check="", state=State.NOTE, message=message, hint="run: git config core.autocrlf false")


def check_driver(journal: Journal) -> Iterator[Finding]:
    """Whether .gitattributes and the clone's configuration agree on the merge driver, and it can be run."""
    lacking = _unnamed(journal)
    is_named = len(lacking) < len(attribute_lines(journal.settings))
    settings = read_driver_settings(journal.root)
    commands = {name: settings.get(f"merge.{name}.driver", "") for name in _DRIVERS}
    if not is_named and not settings:
        hint = "to let Git merge entries by their rules: journal init --merge-driver"
        yield Finding(check="", state=State.NOTE, message="no merge driver is installed", hint=hint)
        return

    def configure() -> str:
        with lock(journal.lock_folder):
            write_driver_settings(journal.root, driver_settings())
        return ""

    def name_files() -> str:
        with lock(journal.lock_folder):
            file = journal.root / ATTRIBUTES
            refuse_outside(file, journal.root)
            write_atomic(file, [with_lines(read_or_none(file) or b"", attribute_lines(journal.settings))])
        return f"commit {ATTRIBUTES}"

    hint = "run: journal init --merge-driver"
    if missing := [name for name in _DRIVERS if not commands[name]]:
        message = f"this clone has no merge.{missing[0]}.driver, so Git merges entries line by line, or not at all"
        yield Finding(check="", message=message, hint=hint, fix=configure)
    elif dead := [command for command in commands.values() if not _can_run(command)]:
        message = "the merge driver's command is not found"
        is_ours = all(_OURS in command for command in dead)  # what a person wrote is theirs to mend
        yield Finding(check="", message=message, hint=hint, fix=configure if is_ours else None)
    if lacking:
        message = f"{ATTRIBUTES} does not say that {', '.join(lacking)} have a merge driver"
        yield Finding(check="", message=message, hint=hint, fix=name_files)


def _unnamed(journal: Journal) -> list[str]:
    """The files of the journal for which Git knows no driver of ours: as patterns."""
    settings = journal.settings
    samples = {
        f"{settings.entries}/*.md": f"{settings.entries}/some/entry.md",
        settings.memories: settings.memories,
        f"{settings.journal}/conflicts/*.json": f"{settings.journal}/conflicts/some.json",
    }
    paths = [os.path.normpath(path) for path in samples.values()]
    printed = run_git(journal.root, "check-attr", "-z", "merge", "--", *paths).split(b"\0")
    drivers = [os.fsdecode(one) for one in printed[2::3]]
    return [pattern for pattern, driver in zip(samples, drivers, strict=True) if driver not in _DRIVERS]


def check_hooks(journal: Journal) -> Iterator[Finding]:
    """Whether the hooks that belong together are there and can run."""
    folder = Path(os.fsdecode(run_git(journal.root, "rev-parse", "--git-path", "hooks"))[:-1])
    folder = journal.root / folder
    texts = {name: read_or_none(folder / name) for name in (*HOOKS, MERGE_HOOK)}
    ours = [name for name, text in texts.items() if text and MARK.encode() in text]
    if not ours:
        hint = "to have entries checked on each commit: journal init --hooks"
        yield Finding(check="", state=State.NOTE, message="no hooks are installed", hint=hint)
        return
    wanted = [*(HOOKS if set(ours) & set(HOOKS) else ()), *([MERGE_HOOK] if _has_driver(journal) else [])]
    for name in dict.fromkeys([*wanted, *ours]):
        yield from _hook_findings(journal, folder / name, texts[name])


def _has_driver(journal: Journal) -> bool:
    return bool(read_driver_settings(journal.root).get("merge.journal.driver"))


def _hook_findings(journal: Journal, file: Path, text: bytes | None) -> Iterator[Finding]:
    name = file.name
    option = "--merge-driver" if name == MERGE_HOOK else "--hooks"
    hint = f"run: journal init {option}"

    def write() -> str:
        if not file.resolve().is_relative_to((journal.location.git_dir or journal.root).resolve()):
            raise RefusedError(f"{file} is kept by another tool", hint=f"add to your own hook: journal hook {name}")
        with lock(journal.lock_folder):
            write_atomic(file, [hook_text(name).encode()])
            file.chmod(0o755)
        return ""

    def allow() -> str:
        file.chmod(file.stat().st_mode | 0o111)
        return ""

    if text is None:
        yield Finding(check="", message=f"the hook {name} is missing", hint=hint, fix=write)
    elif MARK.encode() not in text:
        note = f"; {name}{CHAINED} is there already, so join the two by hand" if _chained(file).exists() else ""
        yield Finding(check="", message=f"the hook {name} is another one{note}", hint=hint)
    elif not os.access(file, os.X_OK):
        yield Finding(
            check="", message=f"the hook {name} is not executable, so Git passes over it", hint=hint, fix=allow
        )
    elif not _can_run(text.decode("utf-8", "replace")):
        message = f"the hook {name} finds no command to run"
        yield Finding(check="", message=message, hint=hint, fix=write)


def _chained(file: Path) -> Path:
    return file.with_name(file.name + CHAINED)


def _can_run(script: str) -> bool:
    """Whether one of the programs that a script starts is there."""
    if _OURS not in script:
        words = script.split()
        return bool(words) and shutil.which(words[0].strip("\"'")) is not None
    if shutil.which("journal"):
        return True
    found = _FALLBACK.search(script.replace(_CHAINED_TEST, ""))
    try:
        return found is not None and os.access(shlex.split(found[1].replace("%%", "%"))[0], os.X_OK)
    except (ValueError, IndexError):
        return False
