"""Stores as an assistant or a person changes them, and repositories that are synced with them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from click.testing import Result
from repositories import Repo

STORES = ("augment", "claude", "mcp")
ENTRIES = "journal/entries"
PREFIX = "[JOURNAL DE BORD]"


class Box(Protocol):
    """A store from the other side: what its own program does to it. A record is a list of lines under a key."""

    @property
    def path(self) -> Path: ...

    def said(self) -> dict[str, list[str]]: ...

    def add(self, key: str, *lines: str) -> None: ...

    def edit(self, key: str, old: str, new: str) -> None: ...

    def append(self, key: str, line: str) -> None: ...

    def drop(self, key: str, line: str) -> None: ...

    def delete(self, key: str) -> None: ...

    def rename(self, old: str, new: str) -> None: ...

    def empty(self) -> None: ...


@dataclass(frozen=True)
class AugmentBox:
    """The JSON list of memories."""

    path: Path

    def said(self) -> dict[str, list[str]]:
        found = {}
        for one in self._load():
            _, _, body = one["text"].partition(": ")
            found[one["metadata"].get("id", "")] = _items(body)
        return found

    def add(self, key: str, *lines: str) -> None:
        text = f"{PREFIX} About {key}: {_list(lines)}"
        self._save([*self._load(), {"text": text, "metadata": {"id": key, "tags": [], "date": "2025-04-05"}}])

    def edit(self, key: str, old: str, new: str) -> None:
        self._change(key, lambda text: text.replace(old, new))

    def append(self, key: str, line: str) -> None:
        self._change(key, lambda text: f"{text}\n- {line}")

    def drop(self, key: str, line: str) -> None:
        self._change(key, lambda text: text.replace(f"\n- {line}", "", 1))

    def delete(self, key: str) -> None:
        self._save([one for one in self._load() if one["metadata"].get("id") != key])

    def rename(self, old: str, new: str) -> None:
        items = self._load()
        next(one for one in items if one["metadata"].get("id") == old)["metadata"]["id"] = new
        self._save(items)

    def empty(self) -> None:
        self._save([])

    def _change(self, key: str, how: Any) -> None:
        items = self._load()
        one = next(one for one in items if one["metadata"].get("id") == key)
        one["text"] = how(one["text"])
        self._save(items)

    def _load(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.path.read_bytes()) if self.path.exists() else []
        return found

    def _save(self, items: Sequence[Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self.path, json.dumps(items, ensure_ascii=False, indent=2).encode() + b"\n")


@dataclass(frozen=True)
class ClaudeBox:
    """The folder of memory files."""

    path: Path

    def said(self) -> dict[str, list[str]]:
        found = {}
        for file in self.path.glob("*.md"):
            if file.name != "MEMORY.md":
                body = file.read_text(encoding="utf-8").split("---\n")[-1]
                found[file.stem] = _items(body)
        return found

    def add(self, key: str, *lines: str) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        head = f"---\nname: {key}\ndescription: About {key}\nmetadata:\n  node_type: memory\n  type: project\n---\n\n"
        replace_file(self._file(key), f"{head}{_list(lines)}\n".encode())

    def edit(self, key: str, old: str, new: str) -> None:
        replace_file(self._file(key), self._file(key).read_bytes().replace(old.encode(), new.encode()))

    def append(self, key: str, line: str) -> None:
        replace_file(self._file(key), self._file(key).read_bytes() + f"- {line}\n".encode())

    def drop(self, key: str, line: str) -> None:
        self.edit(key, f"\n- {line}", "")

    def delete(self, key: str) -> None:
        self._file(key).unlink()

    def rename(self, old: str, new: str) -> None:
        self._file(old).rename(self._file(new))

    def empty(self) -> None:
        for file in self.path.glob("*.md"):
            file.unlink()

    def _file(self, key: str) -> Path:
        return self.path / f"{key}.md"


@dataclass(frozen=True)
class McpBox:
    """The server's graph, changed as the server does: read whole, written whole."""

    path: Path

    def said(self) -> dict[str, list[str]]:
        return {one["name"]: one["observations"] for one in self._load() if one["type"] == "entity"}

    def add(self, key: str, *lines: str) -> None:
        entity = {"type": "entity", "name": key, "entityType": "note", "observations": list(lines)}
        self._save([*self._load(), entity])

    def edit(self, key: str, old: str, new: str) -> None:
        self._change(key, lambda lines: [line.replace(old, new) for line in lines])

    def append(self, key: str, line: str) -> None:
        self._change(key, lambda lines: [*lines, line])

    def drop(self, key: str, line: str) -> None:
        self._change(key, lambda lines: [one for one in lines if one != line])

    def delete(self, key: str) -> None:
        self._save([one for one in self._load() if key not in (one.get("name"), one.get("from"), one.get("to"))])

    def rename(self, old: str, new: str) -> None:
        items = self._load()
        next(one for one in items if one.get("name") == old)["name"] = new
        self._save(items)

    def empty(self) -> None:
        self._save([])

    def _change(self, key: str, how: Any) -> None:
        items = self._load()
        one = next(one for one in items if one.get("name") == key)
        one["observations"] = how(one["observations"])
        self._save(items)

    def _load(self) -> list[dict[str, Any]]:
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        return [json.loads(line) for line in text.split("\n") if line.strip()]

    def _save(self, items: Sequence[Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in items)
        replace_file(self.path, "\n".join(lines).encode())


def replace_file(path: Path, data: bytes) -> None:
    """Write a file as a careful program does."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.writing")
    temporary.write_bytes(data)
    os.replace(temporary, path)


@dataclass(frozen=True)
class Synced:
    """A repository with a journal and some stores.

    Attributes:
        repo: the repository.
        boxes: the stores by name.
    """

    repo: Repo
    boxes: dict[str, Box] = field(default_factory=dict)

    @property
    def box(self) -> Box:
        """The store, where there is one."""
        (one,) = self.boxes.values()
        return one

    def sync(self, *options: str, code: int | None = 0) -> Result:
        """Run `journal sync`."""
        return self.repo.journal("sync", *options, code=code)

    def told(self, *options: str, code: int | None = 0) -> dict[str, Any]:
        """Run `journal sync --json`: the object it prints, the stores by name."""
        found: dict[str, Any] = json.loads(self.sync("--json", *options, code=code).stdout)
        return found | {"by": {one["store"]: one for one in found.get("stores", ())}}

    def entry(self, name: str) -> str:
        """An entry's text in the work tree."""
        return self.repo.read(f"{ENTRIES}/{name}.md")

    def write_entry(self, name: str, *lines: str, front: str = "") -> None:
        """Write an entry; not committed."""
        self.repo.write(f"{ENTRIES}/{name}.md", entry_of(name, *lines, front=front))

    def edit_entry(self, name: str, old: str, new: str) -> None:
        """Replace some words of an entry and commit."""
        text = self.entry(name)
        assert old in text
        self.repo.write(f"{ENTRIES}/{name}.md", text.replace(old, new))
        self.repo.commit(f"edit {name}")

    def names(self) -> set[str]:
        """The stems of all entries of HEAD."""
        listed = self.repo.git("ls-tree", "-r", "-z", "--name-only", "HEAD", f"{ENTRIES}/").split("\0")[:-1]
        return {path.rpartition("/")[2].removesuffix(".md") for path in listed if path.endswith(".md")}

    def head(self) -> str:
        """The branch's commit."""
        return self.repo.git("rev-parse", "HEAD").strip()

    def status(self) -> str:
        """What `git status` shows; what Git ignores is left out."""
        return self.repo.git("status", "--porcelain")

    def conflicts(self) -> dict[str, dict[str, Any]]:
        """The recorded conflicts of HEAD: id -> record."""
        paths = self.repo.git("ls-tree", "-r", "--name-only", "HEAD", "journal/conflicts/").split()
        return {Path(path).stem: json.loads(self.repo.git("show", f"HEAD:{path}")) for path in paths}

    def everything(self) -> dict[str, bytes]:
        """All files of journal and stores, and all refs: what a run that writes nothing leaves as it is."""
        files = {
            str(file.relative_to(self.repo.path)): file.read_bytes()
            for file in sorted(self.repo.path.rglob("*"))
            if file.is_file() and ".git" not in file.relative_to(self.repo.path).parts
        }
        return files | {
            "refs": self.repo.git("for-each-ref").encode(),
            "index": self.repo.git("ls-files", "-s").encode(),
        }


def entry_of(name: str, *lines: str, front: str = "") -> str:
    """The text of an entry whose body is a list."""
    return f"---\ndate: 2025-04-05\ntitle: About {name.rpartition('/')[2]}\ntags: []\n{front}---\n\n{_list(lines)}\n"


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _items(body: str) -> list[str]:
    return [line.removeprefix("- ") for line in body.splitlines() if line]


def settings_of(stores: Sequence[str], extra: str = "") -> str:
    """A journal.toml with some stores, all in folders that Git ignores."""
    return (
        f"[stores.augment]\nenabled = {str('augment' in stores).lower()}\n"
        f'[stores.claude]\nenabled = {str("claude" in stores).lower()}\npath = "claude"\n'
        f'[stores.mcp]\nenabled = {str("mcp" in stores).lower()}\npath = "mcp/memory.jsonl"\n{extra}'
    )


def boxes_of(root: Path, stores: Sequence[str]) -> dict[str, Box]:
    """The stores of a repository."""
    every: dict[str, Box] = {
        "augment": AugmentBox(root / ".augment/memories/journal_memories.json"),
        "claude": ClaudeBox(root / "claude"),
        "mcp": McpBox(root / "mcp/memory.jsonl"),
    }
    return {name: every[name] for name in stores}


def make_synced(
    repo: Repo, *stores: str, entries: int = 3, extra: str = "", ignored: str = "/.augment/\n/claude/\n/mcp/\n"
) -> Synced:
    """A repository with entries `e1` … and stores, in step.

    Entry `e1` says `e1 first`, `e1 second`, `e1 third` in three items, and so on.
    """
    made = prepare(repo, *stores, entries=entries, extra=extra, ignored=ignored)
    made.sync()
    return made


def prepare(
    repo: Repo, *stores: str, entries: int = 3, extra: str = "", ignored: str = "/.augment/\n/claude/\n/mcp/\n"
) -> Synced:
    """As `make_synced`, before the first sync."""
    made = Synced(repo, boxes_of(repo.path, stores))
    repo.write("journal.toml", settings_of(stores, extra))
    repo.write(".gitignore", ignored)
    for number in range(1, entries + 1):
        made.write_entry(f"e{number}", *(f"e{number} {word}" for word in ("first", "second", "third")))
    repo.commit("start")
    for box in made.boxes.values():
        (box.path if isinstance(box, ClaudeBox) else box.path.parent).mkdir(parents=True, exist_ok=True)
    return made
