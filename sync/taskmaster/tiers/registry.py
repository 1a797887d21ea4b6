"""The back ends by URL; what a URL does not ask for is never imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync.document.memory_settings import EMBEDDED, MemorySettings, duration
from sync.errors import UsageError
from sync.taskmaster.context import tenant_of
from sync.taskmaster.core import Tiers
from sync.taskmaster.tiers.lazy import LazySemantic
from sync.taskmaster.tiers.protocol import Catalogue, Items, Objects, Semantic, Together, Working

if TYPE_CHECKING:
    from sync.search.vectors.embedder import Embedder


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the tiers of one journal are.

    Attributes:
        settings: its `[memory]`, with what this clone says instead.
        folder: of the embedded back ends' files, absolute; it is made.
        objects: the folder that the setting `objects` names, absolute; None where it names a server.
        tree: names the work tree: each shows its own commit, so each has a catalogue of its own. Empty where there is
            no repository, and so no long-term tier.
        embedder: what makes vectors, loaded when it is first used; None for no semantic tier.
    """

    settings: MemorySettings
    folder: Path
    objects: Path | None
    tree: str
    embedder: Callable[[], Embedder] | None = None


def open_tiers(site: Site) -> Tiers:
    """Open the back ends that the settings name.

    Raises:
        UsageError: a package that a URL needs is not installed; the hint names the extra.
        TierDownError: never: a server is asked when it is first needed.
    """
    load = site.embedder
    site.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    working, catalogue = _open_working(site), _open_catalogue(site) if site.tree else None
    return Tiers(
        short=_open_short(site),
        working=working,
        catalogue=catalogue,
        together=_together(site, working, catalogue) if catalogue else None,
        semantic=LazySemantic(lambda: _open_semantic(site, load())) if load else None,
        objects=_open_objects(site),
    )


def _open_short(site: Site) -> Items:
    url, limit = site.settings.short_term, site.settings.limits.short_term_items
    if url == EMBEDDED:
        from sync.taskmaster.tiers.sqlite.items import SqliteItems

        return SqliteItems(site.folder / "short-term.sqlite", per_context=limit, tenant_of=tenant_of)
    redis = _module("redis.short_term", needs="redis", extra="redis")
    found: Items = redis.RedisShortTerm(url, space=site.settings.space, per_context=limit, timeout_s=_timeout(site))
    return found


def _open_working(site: Site) -> Working:
    url, limit = site.settings.working, site.settings.limits.working_items
    if url == EMBEDDED:
        from sync.taskmaster.tiers.sqlite.working import SqliteWorking

        return SqliteWorking(site.folder / "working.sqlite", per_tenant=limit, tenant_of=tenant_of)
    postgres = _module("postgres.working", needs="sqlalchemy", extra="postgres")
    found: Working = postgres.PostgresWorking(
        url,
        space=site.settings.space,
        per_tenant=limit,
        tenant_of=tenant_of,
        pool=site.settings.pool,
        timeout_s=_timeout(site),
    )
    return found


def _open_catalogue(site: Site) -> Catalogue:
    if site.settings.working == EMBEDDED:
        from sync.taskmaster.tiers.sqlite.catalogue import SqliteCatalogue

        return SqliteCatalogue(site.folder / f"catalogue-{site.tree}.sqlite", tenant_of=tenant_of)
    postgres = _module("postgres.catalogue", needs="sqlalchemy", extra="postgres")
    found: Catalogue = postgres.PostgresCatalogue(
        site.settings.working, space=f"{site.settings.space}.{site.tree}", tenant_of=tenant_of, pool=site.settings.pool,
        timeout_s=_timeout(site),
    )  # fmt: skip
    return found


def _together(site: Site, working: Working, catalogue: Catalogue) -> Together | None:
    if site.settings.working == EMBEDDED:
        return None
    found: Together = _module("postgres.together", needs="sqlalchemy", extra="postgres").PostgresTogether(
        working, catalogue
    )
    return found


def _open_semantic(site: Site, embedder: Embedder) -> Semantic:
    if site.settings.working == EMBEDDED:
        semantic = _module("sqlite.semantic", needs="numpy", extra="vectors")
        embedded: Semantic = semantic.SqliteSemantic(site.folder / "semantic.sqlite", embedder)
        return embedded
    postgres = _module("postgres.semantic", needs="pgvector", extra="postgres")
    shared: Semantic = postgres.PgvectorSemantic(
        site.settings.working, embedder, space=site.settings.space, tenant_of=tenant_of, pool=site.settings.pool,
        timeout_s=_timeout(site),
    )  # fmt: skip
    return shared


def _open_objects(site: Site) -> Objects:
    if site.objects is not None:
        from sync.taskmaster.tiers.objects.folder import FolderObjects

        return FolderObjects(site.objects)
    s3 = _module("objects.s3", needs="obstore", extra="s3")
    found: Objects = s3.S3Objects(site.settings.objects, timeout_s=_timeout(site))
    return found


def _timeout(site: Site) -> float:
    return duration(site.settings.timeout).total_seconds()


def _module(name: str, *, needs: str, extra: str) -> Any:
    try:
        return import_module(f"sync.taskmaster.tiers.{name}")
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] == "sync":
            raise
        hint = f'pip install "journal-sync[{extra}]"'
        raise UsageError(f"{needs} is not installed, which [memory] of journal.toml asks for", hint=hint) from error
