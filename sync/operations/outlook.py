"""What a sync with a store would do, found without writing anything at all: no lock, no object, no cache."""

from __future__ import annotations

from collections.abc import Mapping

from sync.engine.guards import Allowed
from sync.engine.journal_commit import Journal as Repository
from sync.engine.options import Options, Synced
from sync.engine.place import Place
from sync.engine.secrets import BASELINE, refuse_secrets
from sync.engine.syncing import StoreSync
from sync.engine.tree import Trees
from sync.operations.journal import Journal
from sync.operations.quick import made_from
from sync.operations.recognising import Recogniser
from sync.operations.settling import settle_for
from sync.operations.sync_result import SyncOptions
from sync.repository.files import read_or_none
from sync.repository.refs import Head


class ReadOnlyTrees(Trees):
    """Trees that use what was remembered, and remember nothing."""

    def _save_cache(self, known: Mapping[str, tuple[str, str]]) -> None:
        """As the parent's, without the file."""


def outlook(journal: Journal, place: Place, head: Head) -> Synced | None:
    """What a sync with a store would do.

    Args:
        journal: the journal, in a repository.
        place: where the store lies.
        head: the branch, whose commit is looked at.

    Returns:
        None where the store is not on this machine.

    Raises:
        RefusedError: a guard would stop it.
        JournalError: whatever else would.
    """
    settings, store = journal.settings, place.store
    path = f"{settings.journal}/{BASELINE}".removeprefix("./")

    def refuse(texts: Mapping[str, str]) -> None:
        if any(texts.values()):
            refuse_secrets(texts, read_or_none(journal.absolute(path)), baseline_path=path)

    options = Options(
        settle=settle_for(journal, place, head, SyncOptions()),
        allowed=Allowed(),
        is_dry=True,
        made_from=made_from(settings, store.name),
        refuse_secrets=refuse,
        recognise=Recogniser(journal).in_plan,
    )
    trees = ReadOnlyTrees(journal.root, journal.state_folder, store.name, store.key, settings.entries)
    repository = Repository(root=journal.root, state_folder=journal.lock_folder, folder=settings.journal)
    return StoreSync(repository, settings, place, trees, options).run(head)
