"""Checking files against the schemas: all faults of all files, each with its place."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from sync.document import frontmatter, yaml12
from sync.document.entry import TEXT_KEYS, Entry, load_entry
from sync.document.fault import Fault, Skipped, position
from sync.document.moment import parse_date, parse_time
from sync.document.naming import skip_reason
from sync.document.settings import FILE_NAME as SETTINGS_FILE
from sync.document.settings import load_settings
from sync.document.yaml12 import Value
from sync.engine.projecting import same_id_fault
from sync.errors import DocumentError, SettingsError, UsageError
from sync.operations.journal import Journal, Progress, no_progress
from sync.operations.validate_rules import is_rules_file, rules_files, validate_rules
from sync.repository.files import read_or_none
from sync.repository.git import run_git
from sync.repository.listing import NOT_UTF8, UNMERGED, Source, list_files, shown_path
from sync.schema import Finding, Schema, check
from sync.taskmaster.long_term.store import read_memory

AUGMENT_CONFIG = ".augment/config.json"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_EARLY_BLANKS = re.compile(r"\ufeff?(?:[ \t]*(?:\r\n|\n|\r))+---[ \t]*[\r\n]+\w+:")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateResult:
    """What was found: `read = valid + skipped + files with faults`.

    Attributes:
        read: files looked at.
        skipped: files left out by a rule.
        faults: everything that is wrong, file by file.
    """

    read: int
    skipped: tuple[Skipped, ...]
    faults: tuple[Fault, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    @property
    def valid(self) -> int:
        """Files in which nothing is wrong."""
        return self.read - len(self.skipped) - len({fault.path for fault in self.faults})

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {
            "read": self.read,
            "valid": self.valid,
            "skipped": [one.as_dict() for one in self.skipped],
            "faults": [one.as_dict() for one in self.faults],
        }


def validate(
    journal: Journal, paths: Sequence[Path] = (), *, staged: bool = False, progress: Progress = no_progress
) -> ValidateResult:
    """Check files of the journal, or any files.

    Args:
        journal: the journal.
        paths: files and folders, relative to the working folder; none means the whole journal.
        staged: only what is staged, as it is staged.
        progress: told how many files have been read.

    Raises:
        UsageError: a path does not exist, or paths are given together with `staged`.
    """
    if staged and paths:
        raise UsageError("--staged looks at what is staged; give no paths with it")
    files = _staged(journal) if staged else _given(paths) if paths else _journal_files(journal)
    skipped, faults, read = [], [], 0
    owners: dict[str, str] = {}
    for read, (name, data) in enumerate(files, 1):
        is_data = _is_data(name, journal)
        reason = data if isinstance(data, str) else "" if is_data else skip_reason(name)
        if reason in (UNMERGED, NOT_UTF8):
            faults.append(Fault(path=name, message=reason))
        elif reason:
            skipped.append(Skipped(path=name, reason=reason))
        elif isinstance(data, bytes) and is_data:
            is_rules = is_rules_file(journal, name)
            faults += validate_rules(journal, name, data) if is_rules else _validate_data(name, data)
        elif isinstance(data, bytes):
            entry = load_entry(name, data)
            faults += _validate_entry(data, entry)
            faults += _same_id(entry, owners)
        progress(read, 0)
    return ValidateResult(read=read, skipped=tuple(skipped), faults=tuple(faults))


def _same_id(entry: Entry | Fault, owners: dict[str, str]) -> Iterator[Fault]:
    """A fault if an entry before has this one's id; `owners` is id -> path of those before, and grows."""
    if isinstance(entry, Entry) and (first := owners.setdefault(entry.id, entry.path)) != entry.path:
        yield same_id_fault(entry.path, entry.id, first)


def _validate_data(name: str, data: bytes) -> list[Fault]:
    """The faults of a file that is no entry; its name says which schema it has to obey."""
    if PurePosixPath(name).name == SETTINGS_FILE:
        return _validate_settings(name, data)
    is_config = name == AUGMENT_CONFIG or name.endswith(f"/{AUGMENT_CONFIG}")
    return _validate_json(name, data, Schema.AUGMENT_CONFIG if is_config else Schema.MEMORIES)


def _validate_entry(data: bytes, entry: Entry | Fault) -> list[Fault]:
    """The faults of one entry: those that keep it from being read, those of its schema, and an entry without a date."""
    path = entry.path
    try:
        text = data.decode("utf-8")
        block = frontmatter.find_block(text)
        yaml = text[block.start : block.end] if block else ""
        front = entry.front if isinstance(entry, Entry) else yaml12.load(yaml, as_text=TEXT_KEYS)
    except (UnicodeDecodeError, DocumentError):
        return [entry] if isinstance(entry, Fault) else []
    found = check(Schema.ENTRY, front)
    found += _impossible(front, {one.path[0] for one in found if one.path})
    node = yaml12.compose(yaml) if found else None
    start = block.start if block else 0
    placed = sorted(((start + yaml12.find(node, list(one.path)), one) for one in found), key=lambda pair: pair[0])
    faults = [_fault(path, text, offset, one) for offset, one in placed]
    if isinstance(entry, Fault):
        return faults or [entry]
    if block is None and _EARLY_BLANKS.match(text):
        message = "front matter does not start on the first line, so it is read as text"
        faults.append(Fault(path=path, message=message, hint="remove the empty lines above it"))
    if isinstance(fault := read_memory(entry), Fault):
        faults.append(fault)
    if entry.moment is None and not faults:
        hint = "write `date: 2025-04-05` into its front matter, or start its file name with the day"
        faults.append(Fault(path=path, key="date", message="nothing tells when it was written", hint=hint))
    return faults


def _impossible(front: Mapping[str, Value], wrong: set[str | int]) -> Iterator[Finding]:
    """Days and hours that obey their schema and exist in no calendar: `2025-02-30`, `25-61`."""
    for key, parse in (("date", parse_date), ("heure", parse_time)):
        value = front.get(key)
        if isinstance(value, str) and key not in wrong and parse(value) is None:
            yield Finding(path=(key,), message=f"{value!r} does not exist")


def _is_data(name: str, journal: Journal) -> bool:
    known = (journal.settings.memories, journal.settings.delivered, AUGMENT_CONFIG, SETTINGS_FILE)
    return is_rules_file(journal, name) or any(name == one or name.endswith(f"/{one}") for one in known)


def _journal_files(journal: Journal) -> Iterator[tuple[str, bytes | str]]:
    listing = list_files(journal.location, journal.settings.entries, Source.WORK_TREE)
    for row, data in listing.read(listing.lines):
        yield row.name, row.problem or data
    for name in (SETTINGS_FILE, journal.settings.memories, AUGMENT_CONFIG, *rules_files(journal)):
        if (found := read_or_none(journal.absolute(name))) is not None:
            yield name, found


def _staged(journal: Journal) -> Iterator[tuple[str, bytes | str]]:
    if journal.location.git_dir is None:
        raise UsageError("nothing can be staged: not in a Git repository", hint="run: git init")
    arguments = ["diff", "--cached", "--name-only", "--no-renames", "--diff-filter=d", "-z", "--"]
    changed = set(run_git(journal.root, *arguments).split(b"\0")[:-1])
    for folder in (journal.settings.entries, SETTINGS_FILE, journal.settings.memories, *rules_files(journal)):
        listing = list_files(journal.location, folder, Source.INDEX)
        wanted = [line for line in listing.lines if line.split(b"\t", 1)[1] in changed]
        for row, data in listing.read(wanted):
            yield row.name, row.problem or data


def _given(paths: Sequence[Path]) -> Iterator[tuple[str, bytes | str]]:
    seen: set[Path] = set()
    for file in (one for path in paths for one in _files_of(path)):
        if (resolved := file.resolve()) not in seen:
            seen.add(resolved)
            regular = file.is_file() and not file.is_symlink()
            yield shown_path(os.fsencode(file)), read_or_none(file) or b"" if regular else "not a regular file"


def _files_of(path: Path) -> list[Path]:
    """A file itself, or the files below a folder, in order."""
    if path.is_dir():
        inside = (Path(parent) / name for parent, _folders, names in os.walk(path) for name in names)
        return sorted(one for one in inside if ".git" not in one.parts)
    if not path.is_file():
        raise UsageError(f"{shown_path(os.fsencode(path))}: no such file or folder")
    return [path.resolve()] if path.is_symlink() else [path]


def _fault(path: str, text: str, offset: int, finding: Finding) -> Fault:
    line, column = position(text, offset)
    return Fault(path=path, line=line, column=column, key=finding.key, message=finding.message)


def _validate_json(path: str, data: bytes, schema: Schema) -> list[Fault]:
    try:
        text = data.decode("utf-8-sig")
        document = json.loads(text)
    except UnicodeDecodeError as error:
        return [Fault(path=path, message=f"not UTF-8 at byte {error.start}", hint="save it as UTF-8")]
    except json.JSONDecodeError as error:
        return [Fault(path=path, line=error.lineno, column=error.colno, message=f"not JSON: {error.msg}")]
    except (RecursionError, ValueError) as error:
        return [Fault(path=path, message=f"not JSON: {error}")]
    found = check(schema, document)
    offsets = _offsets_in_json(text, found) if found else []
    return [_fault(path, text, offset, one) for one, offset in zip(found, offsets, strict=True)]


def _offsets_in_json(text: str, findings: Sequence[Finding]) -> list[int]:
    """Places in a JSON text; its values are found by reading it as YAML, of which JSON is a part (YAML 1.2.2, 1.2)."""
    try:
        # YAML knows no surrogates; what stands in their place here has their length.
        node = yaml12.compose_any(_SURROGATE.sub(r"\\u0041", text))
    except DocumentError:
        return [0] * len(findings)
    return [yaml12.find(node, list(one.path)) for one in findings]


def _validate_settings(path: str, data: bytes) -> list[Fault]:
    try:
        text = data.decode("utf-8")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        return [Fault(path=path, message=f"not UTF-8 at byte {error.start}", hint="save it as UTF-8")]
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (int(place[1]), int(place[2])) if place else (text.count("\n") + 1, 1)
        reason = re.sub(r" \(at .*\)$", "", str(error))
        return [Fault(path=path, line=line, column=column, message=f"not TOML: {reason}")]
    except ValueError as error:
        return [Fault(path=path, message=f"not TOML: {error}")]
    found = [_fault(path, text, _offset_in_toml(text, one.path), one) for one in check(Schema.SETTINGS, table)]
    if found:
        return found
    try:
        load_settings(data)
    except SettingsError as error:
        return [Fault(path=path, message=error.message.removeprefix(f"{SETTINGS_FILE}: "), hint=error.hint)]
    return []


def _offset_in_toml(text: str, path: Sequence[str | int]) -> int:
    """Where a key of a TOML text stands: its line in its table, else the table's header, else the start."""
    names = [str(step) for step in path if isinstance(step, str)]
    for depth in range(len(names), 0, -1):
        table = r"\s*\.\s*".join(map(re.escape, names[: depth - 1]))
        header = re.search(rf"^[ \t]*\[{table}\][^\n]*\n", text, re.M) if table else None
        if table and header is None:
            continue
        start = header.end() if header else 0
        key = re.compile(rf"^[ \t]*({re.escape(names[depth - 1])})[ \t]*=", re.M).search(text, start)
        if key:
            return key.start(1)
        dotted = r"\s*\.\s*".join(map(re.escape, names[:depth]))
        whole = re.search(rf"^[ \t]*\[{dotted}\]", text, re.M)
        if whole:
            return whole.start()
    return 0
