"""Which entries there are, by blob id: in the work tree, in the index, or in a folder without Git."""

from __future__ import annotations

import hashlib
import os
import stat
from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sync.errors import RetryError, UsageError
from sync.repository.git import Location, read_blobs, run_git
from sync.repository.plumbing import checked_id


class Source(Enum):
    """Where entries are read from."""

    WORK_TREE = "work tree"
    INDEX = "index"


_IGNORED = b"000000"  # no mode of Git's
_PROBLEMS = {b"120000": "a symbolic link", b"160000": "a submodule", _IGNORED: "ignored by Git"}
UNMERGED = "unmerged: resolve the merge first"
NOT_UTF8 = "its name is not UTF-8: rename it"
_NO_BLOB = b"0" * 40
_EMPTY_BLOBS = (
    b" e69de29bb2d1d6434b8b29ae775ad8c2e48c5391 ",
    b" 473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813 ",
)
_HASH = ("-c", "core.safecrlf=false", "hash-object")  # a warning about line endings must not stop everything
_FEW = 64  # so many insertions cost less than sorting everything again


@dataclass(frozen=True, slots=True)
class Row:
    """One file of a listing.

    Attributes:
        path: POSIX, relative to the root, as Git has it.
        blob: id of its bytes, hexadecimal.
        problem: why it cannot be read as an entry (`a symbolic link`, `unmerged …`); empty where it can.
    """

    path: bytes
    blob: bytes
    problem: str = ""

    @property
    def name(self) -> str:
        """The path for people and for JSON, see `shown_path`."""
        return shown_path(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Files of a folder at one moment.

    Attributes:
        location: where the files lie.
        lines: one line a file, as `git ls-files -t --stage` prints it, in the order of the paths' bytes. Lines of two
            listings are equal where the files are, so that tens of thousands are compared without being parsed.
        in_work_tree: paths whose bytes are read from disk; all others are read from Git's objects.
    """

    location: Location
    lines: tuple[bytes, ...]
    in_work_tree: frozenset[bytes]

    def read(self, lines: Iterable[bytes]) -> Iterator[tuple[Row, bytes]]:
        """The rows of some lines with their bytes, in the order given; a row with a problem has none."""
        rows = [to_row(line) for line in lines]
        stored = [row.blob for row in rows if not row.problem and row.path not in self.in_work_tree]
        objects = read_blobs(self.location.root, stored)
        for row in rows:
            if row.problem:
                yield row, b""
            elif row.path in self.in_work_tree:
                data = _read(self.location, row.path)
                if blob_id(data, sha256=len(row.blob) == 64) != row.blob:
                    raise RetryError(f"{row.name} changed while it was read", hint="run the command again")
                yield row, data
            else:
                yield row, next(objects)


def shown_path(path: bytes) -> str:
    """A path for people and for JSON; bytes that are not UTF-8 are shown in hexadecimal."""
    return path.decode("utf-8", "backslashreplace")


def to_row(line: bytes) -> Row:
    """The row that a listing's line stands for: `TAG mode blob stage<TAB>path`."""
    facts, path = line.split(b"\t", 1)
    tag, mode, blob, _stage = facts.split(b" ")
    problem = UNMERGED if tag == b"M" else _PROBLEMS.get(mode, "")
    if not problem and not _is_utf8(path):
        problem = NOT_UTF8
    return Row(path, blob, problem)


def list_files(location: Location, folder: str, source: Source) -> Listing:
    """The files below a folder of the repository. Files that Git ignores are listed as such, and not read.

    Args:
        location: the repository, or a folder without Git.
        folder: POSIX, relative to the root.
        source: work tree or index; without Git there is only the work tree.
    """
    if location.git_dir is None:
        return _list_folder(location, folder)
    options = ["--stage"]
    if source is Source.WORK_TREE:
        options += ["--modified", "--deleted", "--others"]
    where = ["--", f":(literal,top){folder}"]
    rows = run_git(location.root, "ls-files", "-z", "-t", *options, *where).split(b"\0")[:-1]
    if source is Source.INDEX and any(empty in row for row in rows for empty in _EMPTY_BLOBS):
        # `git add --intent-to-add` lists a file as empty; it is not staged, and diff-files calls it added.
        printed = run_git(location.root, "diff-files", "--name-only", "--diff-filter=A", "-z", *where)
        intended = set(printed.split(b"\0")[:-1])
        rows = [row for row in rows if _path(row) not in intended]
    return _from_ls_files(location, rows)


def list_commit(location: Location, commit: str, folder: str) -> Listing:
    """The files below a folder as a commit has them.

    Args:
        location: the repository.
        commit: its id, hexadecimal.
        folder: POSIX, relative to the root.

    Raises:
        GitError: there is no such commit.
    """
    below = f":(literal,top){folder.rstrip('/')}/"
    printed = run_git(location.root, "ls-tree", "-r", "-z", "--full-tree", checked_id(commit), "--", below)
    rows = (row.split(b"\t", 1) for row in printed.split(b"\0")[:-1])
    parts = ((*facts.split(b" "), path) for facts, path in rows)
    lines = tuple(_line(path, blob, mode) for mode, _kind, blob, path in parts)
    return Listing(location=location, lines=lines, in_work_tree=frozenset())


def blob_id(data: bytes, *, sha256: bool = False) -> bytes:
    """Git's id of a blob with these bytes, hexadecimal. Source: gitformat-pack(5) and `git hash-object`."""
    header = b"blob %d\0" % len(data)
    digest = hashlib.sha256(header + data) if sha256 else hashlib.sha1(header + data, usedforsecurity=False)
    return digest.hexdigest().encode()


def _from_ls_files(location: Location, rows: list[bytes]) -> Listing:
    """Tags of `ls-files -t`: H cached, S skip-worktree, M unmerged, R removed, C changed, ? other, K to be killed.

    A changed or removed file is printed again behind its cached line, with another tag.
    """
    special = [row for row in rows if not row.startswith(b"H ")]
    if not special:
        return Listing(location=location, lines=tuple(rows), in_work_tree=frozenset())
    gone = {b"H" + row[1:] for row in special if row[:1] in b"CR"}
    removed = {_path(row) for row in special if row[:1] == b"R"}
    lines = [row for row in rows if row.startswith(b"H ") and row not in gone]
    for row in special:
        if row[:1] == b"S":
            insort(lines, b"H" + row[1:], key=_path)
    unmerged = {_path(row): row for row in special if row[:1] == b"M"}
    others = [row[2:] for row in special if row[:1] == b"?"]
    ignored = ignored_paths(location, others)
    changed = {_path(row) for row in special if row[:1] in b"C?"} - removed - unmerged.keys() - ignored
    for row in (*unmerged.values(), *(_line(path, _NO_BLOB, _IGNORED) for path in ignored)):
        insort(lines, row, key=_path)
    dirty, in_work_tree = _hash_work_tree(location, sorted(changed))
    if len(dirty) < _FEW:
        for line in dirty:
            insort(lines, line, key=_path)
    else:
        lines = sorted(lines + dirty, key=_path)
    return Listing(location=location, lines=tuple(lines), in_work_tree=frozenset(in_work_tree))


def ignored_paths(location: Location, paths: Sequence[bytes]) -> set[bytes]:
    """Which of some untracked paths, relative to the root, Git ignores; they need not exist."""
    if not paths:
        return set()
    asked = run_git(location.root, "check-ignore", "-z", "--stdin", stdin=b"\0".join(paths) + b"\0", accept=(0, 1))
    return set(asked.split(b"\0")[:-1])


def _is_utf8(path: bytes) -> bool:
    try:
        path.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _path(line: bytes) -> bytes:
    return line[2:] if line.startswith(b"? ") else line.split(b"\t", 1)[1]


def _line(path: bytes, blob: bytes, mode: bytes = b"100644") -> bytes:
    return b"H " + mode + b" " + blob + b" 0\t" + path


def _read(location: Location, path: bytes) -> bytes:
    full = Path(os.fsdecode(os.path.join(os.fsencode(location.root), path)))
    try:
        return full.read_bytes()
    except FileNotFoundError as error:
        raise RetryError(f"{full} disappeared while it was read", hint="run the command again") from error
    except OSError as error:
        raise UsageError(f"{full}: cannot be read: {error.strerror or error}") from error


def _hash_work_tree(location: Location, paths: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Lines with the ids that `git add` would give, and the paths whose bytes on disk are those of that id."""
    lines, regular, unfiltered = [], [], []
    for path in paths:
        try:
            mode = os.lstat(os.path.join(os.fsencode(location.root), path)).st_mode
        except OSError as error:
            raise RetryError(
                f"{shown_path(path)} disappeared while it was read", hint="run the command again"
            ) from error
        if stat.S_ISREG(mode):
            regular.append(path)
        else:
            lines.append(_line(path, _NO_BLOB, b"120000" if stat.S_ISLNK(mode) else b"160000"))
    for path, identity in zip(regular, hash_objects(location.root, regular), strict=True):
        lines.append(_line(path, identity))
        if blob_id(_read(location, path), sha256=len(identity) == 64) == identity:
            unfiltered.append(path)
    # Line endings or a filter change what Git would store: the entry is what would be committed, so let Git make it.
    same = set(unfiltered)
    hash_objects(location.root, [path for path in regular if path not in same], write=True)
    return lines, unfiltered


def hash_objects(root: Path, paths: Sequence[bytes], *, write: bool = False) -> list[bytes]:
    """The ids that `git add` would give to files, in their order; with `write` they are stored as well."""
    options = ["-w"] if write else []
    # --stdin-paths takes a quote at the start for C-style quoting, and a line break for the end of a name.
    plain = [path for path in paths if b"\n" not in path and b"\r" not in path and not path.startswith(b'"')]
    ids: dict[bytes, bytes] = {}
    if plain:
        printed = run_git(root, *_HASH, *options, "--stdin-paths", stdin=b"\n".join(plain) + b"\n")
        ids = dict(zip(plain, printed.split(), strict=True))
    for path in set(paths) - set(plain):
        ids[path] = run_git(root, *_HASH, *options, "--", os.fsdecode(path)).strip()
    return [ids[path] for path in paths]


def _list_folder(location: Location, folder: str) -> Listing:
    root = os.fsencode(location.root)
    lines: list[bytes] = []
    read: list[bytes] = []
    top = os.path.join(root, os.fsencode(folder))
    tree = os.walk(top) if os.path.isdir(top) else [(os.path.dirname(top), [], [os.path.basename(top)])]
    for parent, folders, names in tree if os.path.lexists(top) else ():
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        for name in [*names, *links]:
            full = os.path.join(parent, name)
            path = os.path.relpath(full, root)
            if os.path.islink(full) or not os.path.isfile(full):
                lines.append(_line(path, _NO_BLOB, b"120000"))
            else:
                lines.append(_line(path, blob_id(_read(location, path))))
                read.append(path)
    return Listing(location=location, lines=tuple(sorted(lines, key=_path)), in_work_tree=frozenset(read))
