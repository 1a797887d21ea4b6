"""Objects in a folder, by default one of the journal that is committed with it."""

from __future__ import annotations

from pathlib import Path

from sync.errors import RefusedError
from sync.repository.files import create_new, read_or_none, sync_folder, write_atomic
from sync.taskmaster.tiers.objects.digests import checked, digest_of, name_of


class FolderObjects:
    """Objects in the files of a folder; an `Objects`.

    Args:
        folder: absolute; made when the first object is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path_of(self, digest: str) -> Path:
        """The file that holds an object, whether it is there or not.

        Raises:
            UsageError: it is no digest.
            RefusedError: a link in the folder leads out of it.
        """
        path = self._folder / name_of(digest)
        if not path.parent.resolve().is_relative_to(self._folder.resolve()):
            raise RefusedError(f"{path.parent} leads out of {self._folder}", hint="remove the symbolic link")
        return path

    def put(self, data: bytes) -> str:
        """See `Objects.put`. An object that is there, but damaged, is replaced.

        Raises:
            UsageError: the disk refuses.
        """
        digest = digest_of(data)
        path = self.path_of(digest)
        present = read_or_none(path)
        if present is None and create_new(path, data):
            sync_folder(self._folder)
        elif read_or_none(path) != data:
            write_atomic(path, [data])
        return digest

    def get(self, digest: str) -> bytes | None:
        """See `Objects.get`."""
        path = self.path_of(digest)
        data = read_or_none(path)
        return None if data is None else checked(data, digest, str(path))

    def check(self) -> None:
        """See `Objects.check`: a folder answers always."""

    def close(self) -> None:
        """See `Objects.close`."""
