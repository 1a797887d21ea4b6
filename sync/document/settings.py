"""journal.toml as data. Every key has a default: a journal needs no settings file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from pathlib import PurePosixPath
from typing import Any

from sync.document.memory_settings import MemorySettings, load_memory
from sync.document.moment import parse_date
from sync.document.view import DEFAULT_PREFIX, View
from sync.errors import SettingsError

FILE_NAME = "journal.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which entries a store is given; an empty selection gives all.

    Attributes:
        tags: only entries with one of these.
        exclude_tags: no entry with any of these.
        since, until: first and last day, ISO, both included; entries without a date fall out where one is set.
        max_bytes: budget of the delivered file in bytes; 0 is none.
        within: another selection that has to take an entry as well.
    """

    tags: tuple[str, ...] = ()
    exclude_tags: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    max_bytes: int = 0
    within: Selection | None = None

    def narrowed_to(self, other: Selection) -> Selection:
        """What both selections take, under the smaller of their budgets."""
        budgets = [budget for budget in (self.max_bytes, other.max_bytes) if budget]
        return replace(other, within=self, max_bytes=min(budgets, default=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """The settings of one store.

    Attributes:
        path: its folder or file, relative to the repository; empty where each machine has its own, see `Git` settings
            `journal.<store>.path`.
        enabled: whether it is served at all.
        selection: what it is given.
    """

    path: str = ""
    enabled: bool = False
    selection: Selection = field(default_factory=Selection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one journal. Paths are POSIX, relative to the repository.

    Attributes:
        entries: folder of the entries.
        memories: the tracked projection.
        language: language of the entry template, `fr` or `en`.
        template: the project's own template; empty uses the one of the language.
        timezone: IANA name; the zone of entries that name none.
        prefix: what every exported text starts with.
        augment: Augment's memories folder.
        augment_enabled: whether Augment is served at all.
        augment_selection: what Augment is given.
        claude: Claude Code's memory folder.
        mcp: the file of the MCP memory server.
        search_model: what tells how near meanings are: a name of `MODELS`.
        memory: where the memories of contexts are held.
    """

    entries: str = "journal/entries"
    memories: str = "journal/memories.json"
    language: str = "fr"
    template: str = ""
    timezone: str = "UTC"
    prefix: str = DEFAULT_PREFIX
    augment: str = ".augment/memories"
    augment_enabled: bool = True
    augment_selection: Selection = field(default_factory=Selection)
    claude: StoreSettings = field(default_factory=StoreSettings)
    mcp: StoreSettings = field(default_factory=StoreSettings)
    search_model: str = "auto"
    memory: MemorySettings = field(default_factory=MemorySettings)

    def store(self, name: str) -> StoreSettings:
        """The settings of a store by its name."""
        if name == "augment":
            return StoreSettings(path=self.augment, enabled=self.augment_enabled, selection=self.augment_selection)
        found: StoreSettings = getattr(self, name)
        return found

    @property
    def view(self) -> View:
        """How entries are shown under these settings."""
        return View(prefix=self.prefix, zone=zone(self.timezone))

    @property
    def journal(self) -> str:
        """The journal's folder: the one that holds the entries folder."""
        return str(PurePosixPath(self.entries).parent)

    @property
    def delivered(self) -> str:
        """The file that Augment is given."""
        return str(PurePosixPath(self.augment) / "journal_memories.json")


_JOURNAL_KEYS = {"entries": str, "memories": str, "language": str, "template": str, "timezone": str, "prefix": str}
_SELECTION_KEYS = {"tags": list, "exclude_tags": list, "since": str, "until": str, "max_bytes": int}
_STORE_KEYS = {"path": str, "enabled": bool, **_SELECTION_KEYS}
MODELS = ("auto", "off", "minilm", "minilm-static")
"""The models that journal.toml may name. Others are downloaded, or asked over the network: each clone names its own."""
STORES = ("augment", "claude", "mcp")
"""The stores that can be set up, in the order they are synced."""


def load_settings(data: bytes, *, base: Settings | None = None) -> Settings:
    """Settings from the bytes of a journal.toml.

    Args:
        data: TOML, UTF-8.
        base: what stands where the file says nothing.

    Raises:
        SettingsError: not TOML, an unknown key, a value of another kind, an unknown time zone, a path that leaves the
            repository.
    """
    import tomllib

    try:
        table = tomllib.loads(data.decode("utf-8"))
    except ValueError as error:  # not TOML, not UTF-8, or a number of thousands of digits
        raise SettingsError(f"{FILE_NAME}: not TOML: {error}", hint="see docs/settings.md for an example") from error
    _check_keys(table, {"journal": dict, "stores": dict, "search": dict, "memory": dict}, "")
    journal = _check_keys(table.get("journal", {}), _JOURNAL_KEYS, "journal.")
    stores = _check_keys(table.get("stores", {}), dict.fromkeys(STORES, dict), "stores.")
    search = _check_keys(table.get("search", {}), {"model": str}, "search.")
    start = base or Settings()
    changes: dict[str, Any] = dict(journal) | {f"search_{key}": value for key, value in search.items()}
    if "memory" in table:
        changes["memory"] = load_memory(table["memory"])
    for key in ("entries", "memories", "template"):
        if changes.get(key):
            changes[key] = str(PurePosixPath(changes[key]))
    for name in STORES:
        found = _load_store(start.store(name), _check_keys(stores.get(name, {}), _STORE_KEYS, f"stores.{name}."))
        if name == "augment":
            changes |= {"augment": found.path, "augment_enabled": found.enabled, "augment_selection": found.selection}
        else:
            changes[name] = found
    return checked(replace(start, **changes))


def _load_store(start: StoreSettings, table: Mapping[str, Any]) -> StoreSettings:
    selected: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    path, enabled = selected.pop("path", start.path), selected.pop("enabled", start.enabled)
    return StoreSettings(
        path=str(PurePosixPath(path)) if path else path,
        enabled=enabled,
        selection=replace(start.selection, **selected),
    )


def checked(settings: Settings) -> Settings:
    """The same settings, if they make sense.

    Raises:
        SettingsError: as `load_settings`.
    """
    for key in ("entries", "memories", "template", "augment"):
        _check_path(key, getattr(settings, key))
    for name in ("claude", "mcp"):
        _check_store(settings, name)
    if not settings.memories.endswith(".json"):
        raise SettingsError(f"{FILE_NAME}: journal.memories: {settings.memories!r} does not end with .json")
    inside = f"{settings.entries}/"
    for key in ("memories", "augment"):
        if f"{getattr(settings, key)}/".startswith(inside):
            raise SettingsError(f"{FILE_NAME}: {key}: {getattr(settings, key)!r} is in the entries folder")
    if settings.memories.startswith(f"{settings.augment}/") or inside.startswith(f"{settings.augment}/"):
        raise SettingsError(f"{FILE_NAME}: stores.augment.path: {settings.augment!r} holds files of the journal")
    if settings.language not in ("fr", "en"):
        raise SettingsError(f"{FILE_NAME}: journal.language: {settings.language!r} is neither 'fr' nor 'en'")
    if not settings.prefix.isprintable() or not settings.prefix or settings.prefix != settings.prefix.strip():
        raise SettingsError(f"{FILE_NAME}: journal.prefix: must be one line of text without blanks around it")
    if settings.search_model not in MODELS:
        hint = f"one of: {', '.join(MODELS)}; any other is this clone's to name: git config journal.search.model"
        raise SettingsError(f"{FILE_NAME}: search.model: there is no {settings.search_model!r}", hint=hint)
    zone(settings.timezone)
    check_selection(settings.augment_selection)
    return settings


def _check_store(settings: Settings, name: str) -> None:
    store = settings.store(name)
    if store.path.startswith(("/", "~")):
        hint = f"a path of this machine is Git's to keep: git config journal.{name}.path {store.path}"
        raise SettingsError(f"{FILE_NAME}: stores.{name}.path: {store.path!r} is outside the repository", hint=hint)
    if store.path:
        _check_path(f"stores.{name}.path", store.path)
        if f"{store.path}/".startswith(f"{settings.journal}/") or f"{settings.entries}/".startswith(f"{store.path}/"):
            raise SettingsError(f"{FILE_NAME}: stores.{name}.path: {store.path!r} is in the journal's folder")
    check_selection(store.selection)


def _check_path(key: str, value: str) -> None:
    """A path that a pull request could set must not lead out of the repository, nor into Git's own folder."""
    parts = [part.lower() for part in PurePosixPath(value).parts]
    usable = value.isprintable() and "\\" not in value and (value or key == "template")
    if not usable or value.startswith("/") or ".." in parts or ".git" in parts or value == ".":
        raise SettingsError(f"{FILE_NAME}: {key}: {value!r} is not a path for files of the repository")


def zone(name: str) -> tzinfo:
    """The time zone of an IANA name.

    Raises:
        SettingsError: there is no such zone.
    """
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # UTC, the default, needs neither the module nor its data

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = "use a name of the IANA time zone database, such as Europe/Paris"
        raise SettingsError(f"{FILE_NAME}: journal.timezone: {name!r} is unknown", hint=hint) from error


def check_selection(selection: Selection) -> Selection:
    """The same selection, if its days are days and its budget is not negative.

    Raises:
        SettingsError: they are not.
    """
    for key in ("since", "until"):
        value = getattr(selection, key)
        moment = parse_date(value) if value else None
        if value and (moment is None or moment.clock is not None):
            raise SettingsError(f"{key}: {value!r} is not a day", hint="write it as 2025-04-05")
    if selection.max_bytes < 0:
        raise SettingsError(f"max_bytes: {selection.max_bytes} is negative")
    return selection


def _check_keys(table: dict[str, Any], known: Mapping[str, type], where: str) -> dict[str, Any]:
    for key, value in table.items():
        if key not in known:
            hint = f"known keys: {', '.join(sorted(known))}"
            raise SettingsError(f"{FILE_NAME}: {where}{key}: unknown key", hint=hint)
        kind = known[key]
        words = isinstance(value, list) and not all(isinstance(item, str) for item in value)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool) or words:
            names = {
                str: "text",
                int: "a whole number",
                bool: "true or false",
                list: "a list of words",
                dict: "a table",
            }
            expected = names[kind]
            raise SettingsError(f"{FILE_NAME}: {where}{key}: must be {expected}")
    return table
