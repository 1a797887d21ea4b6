"""Running git's plumbing: argument lists, `-z` output, always in the repository's root, never through a shell."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from sync.errors import GitError

_ENVIRONMENT = {
    "LC_ALL": "C",  # messages are matched below
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",  # reading must not fight over index.lock with the user's own git
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a journal lies.

    Attributes:
        root: top of the work tree, or the folder itself where there is no Git.
        git_dir: the repository's common folder, shared by its work trees; None where there is no Git.
    """

    root: Path
    git_dir: Path | None


def run_git(
    cwd: Path,
    *arguments: str,
    stdin: bytes | None = None,
    accept: Sequence[int] = (0,),
    environment: Mapping[str, str] = {},
) -> bytes:
    """What a git command prints.

    Args:
        cwd: folder to run in.
        arguments: without `git`; user text only behind `--`.
        stdin: what the command reads.
        accept: exit codes that are answers and not failures.
        environment: variables to set on top of the process's own.

    Raises:
        GitError: git is not installed, or exits with another code.
    """
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            env=_environment() | dict(environment),
            check=False,
        )
    except FileNotFoundError as error:
        if not cwd.is_dir():
            raise GitError(f"{cwd} is not a folder") from error
        raise GitError("git is not installed", hint="install git 2.30 or later") from error
    if done.returncode not in accept:
        raise _explained(arguments, done.stderr.decode("utf-8", "replace").strip())
    return done.stdout


def locate(start: Path) -> Location:
    """The repository that a folder lies in; the folder itself where it lies in none.

    Raises:
        GitError: the repository is bare, or belongs to somebody else and Git does not trust it.
    """
    try:
        printed = run_git(start, "rev-parse", "--show-toplevel", "--git-common-dir")
    except NoRepositoryError:
        return Location(root=start.resolve(), git_dir=None)
    lines = printed.split(b"\n")[:-1]
    if len(lines) != 2:  # a folder's name holds a line break
        lines = [run_git(start, "rev-parse", one)[:-1] for one in ("--show-toplevel", "--git-common-dir")]
    top, common = map(os.fsdecode, lines)
    return Location(root=Path(top), git_dir=(start / common).resolve())


def read_blobs(root: Path, blobs: Sequence[bytes]) -> Iterator[bytes]:
    """The contents of blobs, in the order asked for, from one `git cat-file` process.

    Args:
        root: the work tree.
        blobs: object ids in hexadecimal.

    Raises:
        GitError: an object is missing (a shallow or damaged clone).
    """
    if not blobs:
        return
    from tempfile import TemporaryFile

    with TemporaryFile() as wanted:
        wanted.write(b"\n".join(blobs) + b"\n")
        wanted.seek(0)
        with subprocess.Popen(
            ["git", "cat-file", "--batch", "--buffer"],
            cwd=root,
            stdin=wanted,
            stdout=subprocess.PIPE,
            env=_environment(),
        ) as process:
            output = cast("IO[bytes]", process.stdout)
            for blob in blobs:
                header = output.readline().split()
                if len(header) != 3:
                    process.kill()
                    hint = "fetch the whole history: git fetch --unshallow"
                    raise GitError(f"object {blob.decode()} is missing from the repository", hint=hint)
                size = int(header[2])
                yield output.read(size + 1)[:size]


def read_blob(root: Path, blob: str) -> bytes:
    """The content of one blob; see `read_blobs`."""
    (data,) = read_blobs(root, [blob.encode()])
    return data


class NoRepositoryError(GitError):
    """There is no Git repository at or above the folder."""

    code = "no-repository"


def _environment() -> dict[str, str]:
    """The process's own, less what changes how Git reads the paths it is given."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_PATHSPECS")}
    return kept | _ENVIRONMENT


def _explained(arguments: Sequence[str], said: str) -> GitError:
    first_line = said.splitlines()[0].removeprefix("fatal: ") if said else "it said nothing"
    if "not a git repository" in said:
        return NoRepositoryError("not in a Git repository", hint="run: journal init")
    if "dubious ownership" in said:
        folder = said.split("'")[1] if "'" in said else "the repository"
        hint = f"if you trust it, run: git config --global --add safe.directory {folder}"
        return GitError(f"{folder} belongs to another user", hint=hint)
    if "must be run in a work tree" in said:
        return GitError("the repository has no work tree", hint="run this in a clone, not in the bare repository")
    command = next((one for one in arguments if not one.startswith("-") and "=" not in one), "")
    return GitError(f"git {command} failed: {first_line}")
