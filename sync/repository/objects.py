"""Reading and making Git objects: ids, trees, differences, blobs, commits. No ref, no index and no file is touched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sync.errors import GitError
from sync.repository.git import run_git
from sync.repository.plumbing import DURABLE, REGULAR, RawRow, checked_id, index_line, look_up, raw_rows

FALLBACK_NAME, FALLBACK_EMAIL = "journal-sync", "journal-sync@localhost"
_MODES = {"blob": "100644", "tree": "040000"}
_RENAMES = ("-M50%", "-l1000", "--no-rename-empty")  # beyond the limit, renames without a change are still found
_PACKED = ("-c", "fastimport.unpackLimit=16")  # a file for each blob is slow to bring to the disk
_PRIVATE = (  # nothing that Git would otherwise lay beside an index, or leave out of it
    "-c", "core.splitIndex=false",
    "-c", "core.fsmonitor=false",
    "-c", "core.sparseCheckout=false",
    "-c", "index.sparse=false",
)  # fmt: skip
_AUTHOR = re.compile(r"\s*(.*?)\s*<([^<>]*)>\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Changed:
    """One file that differs between two trees.

    Attributes:
        path: POSIX, from the top of the repository; where the file is now, or was last.
        old: blob id before; None where it is new.
        new: blob id after; None where it is gone.
        renamed_from: its path before, where Git takes it for renamed; else empty.
    """

    path: str
    old: str | None
    new: str | None
    renamed_from: str = ""


def resolve(root: Path, names: Sequence[str]) -> list[str | None]:
    """The object ids of some names, in their order, from one process.

    Args:
        root: the work tree.
        names: such as `HEAD`, `refs/journal/x`, or `<commit id>:journal/entries`.

    Returns:
        None for a name that is missing or ambiguous, and for one with a line break, which cannot be asked for.
    """
    return [identity or None for identity, _ in look_up(root, names)]


def list_tree(root: Path, tree: str, folder: str = "") -> dict[str, str]:
    """The regular files of a tree: path from the top of the tree -> blob id. Names that are not UTF-8 are left out.

    Args:
        root: the work tree.
        tree: id of a tree or a commit.
        folder: only what lies below it; POSIX, from the top of the tree.

    Raises:
        GitError: there is no such tree.
    """
    printed = run_git(root, "ls-tree", "-r", "-z", "--full-tree", checked_id(tree), *_below(folder))
    files = {}
    for row in printed.split(b"\0")[:-1]:
        facts, name = row.split(b"\t", 1)
        mode, _type, blob = facts.decode().split(" ")
        path = _utf8(name)
        if mode in REGULAR and path is not None:
            files[path] = blob
    return files


def changed_files(root: Path, old: str, new: str, folder: str = "") -> list[Changed]:
    """The regular files that differ between two trees. A file that became executable and nothing else does not.

    Args:
        root: the work tree.
        old, new: ids of trees or commits.
        folder: only what lies below it, on both sides: a file moved into it is a new one.

    Raises:
        GitError: a tree is missing.
    """
    trees = checked_id(old), checked_id(new)
    printed = run_git(root, "diff-tree", "-r", "-z", "--no-abbrev", *_RENAMES, *trees, *_below(folder))
    return [one for row in raw_rows(printed) for one in _as_changed(row)]


def write_blobs(root: Path, contents: Sequence[bytes]) -> list[str]:
    """Store some bytes as blobs, exactly as they are, and return their ids in the same order.

    Raises:
        GitError: the repository cannot be written.
    """
    if not contents:
        return []
    if len(contents) == 1:
        return [
            run_git(root, *DURABLE, "hash-object", "-w", "--stdin", "--no-filters", stdin=contents[0]).decode().strip()
        ]
    # The one command that takes many blobs from a pipe; it makes no ref unless it is told to.
    pieces = [b"blob\nmark :%d\ndata %d\n%s\n" % (i, len(data), data) for i, data in enumerate(contents, 1)]
    pieces += [b"get-mark :%d\n" % i for i in range(1, len(contents) + 1)]
    return run_git(root, *DURABLE, *_PACKED, "fast-import", "--quiet", stdin=b"".join(pieces)).decode().split()


def make_tree(root: Path, base: str | None, changes: Mapping[str, str | None]) -> str:
    """Store the tree that another one becomes by some changes, and return its id.

    Args:
        root: the work tree.
        base: id of a tree or a commit; None for nothing.
        changes: path -> blob id, or None for what is to go. A file keeps the mode that it has in the base.

    Raises:
        GitError: a path is no path, is a folder, leads through a file, or is no regular file in the base.
    """
    wanted = {path: blob for path, blob in changes.items() if blob is not None}
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="journal-") as folder:
        index = _Index(root, Path(folder) / "index")
        if base is not None:
            index.git("read-tree", checked_id(base))
        index.put(dict.fromkeys(changes.keys() - wanted.keys(), ("0", "")))  # a folder may take a file's place
        index.put({path: ("100644", blob) for path, blob in wanted.items()})
        tree = index.write()
        rows = _rows_between(root, base, tree)
        _refuse_misfits(root, tree, rows, changes)
        modes = {row.path: (row.modes[0], row.blobs[1]) for row in rows if row.modes == ("100755", "100644")}
        if modes:
            index.put(modes)
            tree = index.write()
        return tree


def graft(root: Path, parts: Mapping[str, str]) -> str:
    """Store a tree of some objects, each under its name, and return its id.

    Args:
        root: the work tree.
        parts: a name without a slash -> id of a blob or a tree.

    Raises:
        GitError: an object is missing, or is neither; a name is no name.
    """
    rows = []
    for (name, part), (_, kind) in zip(parts.items(), look_up(root, list(parts.values())), strict=True):
        if kind not in _MODES or name in {"", ".", ".."} or "\0" in name:
            raise GitError(f"{name!r} cannot be stored: {part} is neither a blob nor a tree of this repository")
        rows.append(f"{_MODES[kind]} {kind} {checked_id(part)}\t{name}\0")
    return run_git(root, *DURABLE, "mktree", "-z", stdin="".join(rows).encode()).decode().strip()


def commit_tree(root: Path, tree: str, parents: Sequence[str], message: str, *, author: str = "") -> str:
    """Store a commit and return its id. No ref moves, no hook runs, nothing is signed.

    Args:
        root: the work tree.
        tree: id of its tree.
        parents: ids of commits, in order.
        message: any text.
        author: `Name <address>`; empty for the user, and journal-sync where Git knows no user.

    Raises:
        GitError: the tree or a parent is missing.
    """
    options = [word for one in dict.fromkeys(parents) for word in ("-p", checked_id(one))]
    command = (*DURABLE, "-c", "i18n.commitEncoding=UTF-8", "commit-tree", checked_id(tree), *options)
    text = message.replace("\0", "").encode("utf-8", "replace")
    named = _identity("AUTHOR", author) if author else {}
    try:
        return run_git(root, *command, stdin=text, environment=named).decode().strip()
    except GitError:
        missing = _unknown_people(root)
        if not missing:
            raise
        return run_git(root, *command, stdin=text, environment=missing | named).decode().strip()


@dataclass(frozen=True, slots=True)
class _Index:
    """An index of our own; the user's is never touched."""

    root: Path
    file: Path

    def git(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        environment = {"GIT_INDEX_FILE": str(self.file)}
        return run_git(self.root, *_PRIVATE, *DURABLE, *arguments, stdin=stdin, environment=environment)

    def put(self, rows: Mapping[str, tuple[str, str]]) -> None:
        """Set mode and blob of some paths; mode 0 removes one."""
        if rows:
            lines = [index_line(path, *row) for path, row in rows.items()]
            self.git("update-index", "-z", "--index-info", stdin=b"".join(lines))

    def write(self) -> str:
        return self.git("write-tree").decode().strip()


def _rows_between(root: Path, base: str | None, tree: str) -> list[RawRow]:
    if base is not None:
        trees = checked_id(base), tree
        return list(raw_rows(run_git(root, "diff-tree", "-r", "-z", "--no-abbrev", "--no-renames", *trees)))
    return [RawRow(("000000", "100644"), ("", blob), (path.encode(),)) for path, blob in list_tree(root, tree).items()]


def _refuse_misfits(root: Path, tree: str, rows: Sequence[RawRow], changes: Mapping[str, str | None]) -> None:
    """`update-index --index-info` passes over names it does not like, and clears away what is in a path's way."""
    for row in rows:
        if row.modes[1] == "000000" and changes.get(row.path, "") is not None:
            raise GitError(f"{row.path} cannot be both a file and a folder")
        if row.modes[0] not in {"000000", *REGULAR}:
            raise GitError(f"{row.path} is a symbolic link or a submodule in the commit")
    done = {row.path: row.blobs[1] for row in rows}
    rest = {path: blob for path, blob in changes.items() if blob is not None and done.get(path) != blob}
    for (path, blob), found in zip(rest.items(), resolve(root, [f"{tree}:{path}" for path in rest]), strict=True):
        if found != blob:
            raise GitError(f"{path} cannot be the path of a file in Git")


def _as_changed(row: RawRow) -> Iterator[Changed]:
    old, new = (blob if mode in REGULAR else None for blob, mode in zip(row.blobs, row.modes, strict=True))
    source, path = _utf8(row.paths[0]), _utf8(row.paths[-1])
    if source == path:
        if path is not None and old != new:
            yield Changed(path, old, new)
    elif source is None or path is None:  # half of a rename is one file that came, or went
        yield Changed(source or path or "", old if source else None, new if path else None)
    elif old or new:
        yield Changed(path, old, new, renamed_from=source)


def _below(folder: str) -> tuple[str, ...]:
    return ("--", f":(literal,top){folder.rstrip('/')}/") if folder.strip("/") else ()


def _utf8(name: bytes) -> str | None:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _identity(role: str, text: str = "") -> dict[str, str]:
    """The variables that name a person to Git. Line breaks and NULs have no place in a commit's header."""
    match = _AUTHOR.match(text)
    name, email = (match[1], match[2]) if match else (text, "")
    plain = ["".join(letter for letter in one if letter.isprintable()).strip() for one in (name, email)]
    return {f"GIT_{role}_NAME": plain[0] or FALLBACK_NAME, f"GIT_{role}_EMAIL": plain[1] or FALLBACK_EMAIL}


def _unknown_people(root: Path) -> dict[str, str]:
    """The variables for those of author and committer that Git has no name or address for."""
    variables: dict[str, str] = {}
    for role in ("AUTHOR", "COMMITTER"):
        try:
            run_git(root, "var", f"GIT_{role}_IDENT")
        except GitError:
            variables |= _identity(role)
    return variables
