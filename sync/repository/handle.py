"""The repository through GitPython: making one, and its hooks folder.

GitPython is slow to import, so nothing here is on the way of a hook or an export.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import git

from sync.errors import GitError, RefusedError


@contextlib.contextmanager
def repository(root: Path) -> Iterator[git.Repo]:
    """The repository of a work tree, closed again afterwards: GitPython keeps child processes otherwise.

    Raises:
        GitError: there is none.
    """
    try:
        repo = git.Repo(root)
    except (git.InvalidGitRepositoryError, git.NoSuchPathError, ValueError) as error:
        raise GitError(f"{root} is not a Git repository", hint="run: journal init") from error
    with repo:
        yield repo


def make_repository(root: Path) -> None:
    """Make a Git repository in a folder, on a branch `main`.

    Raises:
        GitError: Git refuses.
    """
    try:
        git.Repo.init(root, initial_branch="main").close()
    except (git.GitCommandError, OSError) as error:
        raise GitError(f"{root}: cannot make a repository: {error}") from error


def hooks_folder(root: Path) -> Path:
    """Where this repository's hooks lie, `core.hooksPath` followed.

    Raises:
        RefusedError: the folder lies outside of the repository, so that a hook there would run in other ones too.
    """
    with repository(root) as repo:
        folder = (root / str(repo.git.rev_parse("--git-path", "hooks"))).resolve()
        inside = (root.resolve(), Path(repo.common_dir).resolve())
    if folder == root.resolve() or not any(folder.is_relative_to(one) for one in inside):
        hint = "give this repository hooks of its own: git config --local core.hooksPath .git/hooks"
        raise RefusedError(f"core.hooksPath is {folder}, which other repositories share", hint=hint)
    return folder
