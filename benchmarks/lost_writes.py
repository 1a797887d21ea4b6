"""Whether a write is ever lost: eight writers on one store file, and two `journal sync` loops at the same time.

    python benchmarks/lost_writes.py [--writes 2000] [--stores mcp augment] [--kinds truncate rename append]

The writers take turns among themselves, as requests do inside one server, and know nothing of the syncs. They read the
file, change it, and write it by truncating it in place, by renaming a new file over it, or they append to it. Meanwhile
the loops edit and commit entries, and sync. After one more sync, when it is quiet, every write must be in the journal,
in a recorded conflict, or refused by name. Prints one JSON object; exits with 1 where a write was lost.

    control_lost           without any sync: what the writers lose among themselves
    entries, entries_lost  edits of the journal's own side, and how many are gone
    codes                  what a sync ended with, or was stopped by -> how often
    naive_lost             of all writes of both sides, with a copier in the place of the sync that overwrites the older
                           file with the newer one
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

JOURNAL = str(Path(sys.executable).with_name("journal"))
WRITERS, LOOPS = 8, 2
KINDS = ("truncate", "rename", "append")
SHARED = [f"shared{number}" for number in range(4)]
PAUSE_S = 0.3  # a writer rests for up to so long between two writes
NAIVE_PAUSE_S = 0.3  # about what one sync takes
GATE_ROUNDS = 3  # the journal's side is edited in every third round: an edit waits for syncs, and two may overlap
TOKEN = re.compile(rb"[wj]\d+x\d+q")
PROCESSES = get_context("spawn")

Item = dict[str, Any]


class Format(Protocol):
    """A store's file as its own program reads and writes it."""

    def load(self, data: bytes) -> list[Item]: ...  # noqa: D102

    def dump(self, items: Sequence[Item]) -> bytes: ...  # noqa: D102

    def make(self, key: str) -> Item: ...  # noqa: D102

    def key(self, item: Item) -> str: ...  # noqa: D102

    def grow(self, item: Item, line: str) -> None: ...  # noqa: D102

    def append(self, path: Path, item: Item) -> None: ...  # noqa: D102


class Graph:
    """The MCP memory server's graph: one JSON object a line."""

    path, settings = (
        "mcp/memory.jsonl",
        '[stores.augment]\nenabled = false\n[stores.mcp]\nenabled = true\npath = "{}"\n',
    )

    def load(self, data: bytes) -> list[Item]:
        """The items of a file."""
        return [json.loads(line) for line in data.split(b"\n") if line.strip()]

    def dump(self, items: Sequence[Item]) -> bytes:
        """The file of some items."""
        return "\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in items).encode()

    def make(self, key: str) -> Item:
        """A new item."""
        return {"type": "entity", "name": key, "entityType": "note", "observations": [f"says {key}"]}

    def key(self, item: Item) -> str:
        """An item's key."""
        return str(item["name"])

    def grow(self, item: Item, line: str) -> None:
        """Add a line to an item."""
        item["observations"].append(line)

    def append(self, path: Path, item: Item) -> None:
        """Write a new item behind the others, without reading them."""
        with path.open("ab") as file:
            file.write(b"\n" + self.dump([item]))


class Listed:
    """Augment's memories: a JSON list."""

    path, settings = ".augment/memories/journal_memories.json", ""

    def load(self, data: bytes) -> list[Item]:
        """The items of a file."""
        found: list[Item] = json.loads(data)
        return found

    def dump(self, items: Sequence[Item]) -> bytes:
        """The file of some items."""
        return json.dumps(items, ensure_ascii=False, indent=2).encode() + b"\n"

    def make(self, key: str) -> Item:
        """A new item."""
        text = f"[JOURNAL DE BORD] About {key}: - says {key}"
        return {"text": text, "metadata": {"id": key, "tags": [], "date": "2025-04-05"}}

    def key(self, item: Item) -> str:
        """An item's key."""
        return str(item["metadata"]["id"])

    def grow(self, item: Item, line: str) -> None:
        """Add a line to an item."""
        item["text"] += f"\n- {line}"

    def append(self, path: Path, item: Item) -> None:
        """Write a new item in the place of the closing bracket, without reading the others."""
        with path.open("r+b") as file:
            end = file.seek(-2, os.SEEK_END)
            if file.read() != b"]\n":
                raise ValueError("the list is not closed")
            file.seek(end)
            file.write(b",\n" + json.dumps(item, ensure_ascii=False).encode() + b"\n]\n")


STORES: dict[str, Graph | Listed] = {"mcp": Graph(), "augment": Listed()}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One load.

    Attributes:
        root: the repository.
        store: the store's name.
        kind: how its writers write.
        writes: how many times, all writers together.
    pause: a writer rests for up to so many seconds between two writes.
    """

    root: Path
    store: str
    kind: str
    writes: int
    pause: float = PAUSE_S

    @property
    def format(self) -> Graph | Listed:
        """The store's format."""
        return STORES[self.store]

    @property
    def file(self) -> Path:
        """The store's file."""
        return self.root / self.format.path

    @property
    def mirror(self) -> Path:
        """What the naive copier holds in the place of a journal."""
        return self.root / "mirror"


def prepare(scene: Scene) -> None:
    """A journal with some entries, and a store in step with it."""
    git(scene.root, "init", "-q", "-b", "main")
    for name, value in (("user.name", "Ada Lovelace"), ("user.email", "ada@example.org"), ("gc.auto", "0")):
        git(scene.root, "config", name, value)
    (scene.root / "journal.toml").write_text(scene.format.settings.format(scene.format.path), encoding="utf-8")
    (scene.root / ".gitignore").write_text("/.augment/\n/mcp/\n/mirror\n/*.lock\n", encoding="utf-8")
    (scene.root / "journal/entries").mkdir(parents=True)
    for key in SHARED:
        write_entry(scene.root, key, [f"{key} {word}" for word in ("first", "second", "third")])
    git(scene.root, "add", "-A")
    git(scene.root, "commit", "-q", "-m", "start")
    scene.file.parent.mkdir(parents=True)
    sync(scene.root)
    shutil.copy2(scene.file, scene.mirror)


def write_entry(root: Path, key: str, lines: Iterable[str]) -> Path:
    """An entry whose body is a list."""
    path = root / f"journal/entries/{key}.md"
    items = "".join(f"- {line}\n" for line in lines)
    path.write_text(f"---\ndate: 2025-04-05\ntitle: About {key}\ntags: []\n---\n\n{items}", encoding="utf-8")
    return path


def write_store(scene: Scene, number: int) -> None:
    """One writer's share of the writes."""
    dice = random.Random(number)
    own: list[str] = []
    for count in range(number, scene.writes, WRITERS):
        token = f"w{number}x{count:05}q"
        key = None
        if scene.kind != "append" and count % 3:
            key = dice.choice([*own[-20:], *SHARED])
        change(scene, scene.file, token, key, dice)
        own += [] if key else [token]
        time.sleep(dice.uniform(0, scene.pause))


def change(scene: Scene, file: Path, token: str, key: str | None, dice: random.Random) -> None:
    """One write: a new item, or a line more in the one with a key. Others of the same program wait meanwhile."""
    for _ in range(500):  # a copier that knows no better can leave half a file here
        with held(file.parent / f"{file.name}.lock", fcntl.LOCK_EX), contextlib.suppress(ValueError, OSError):
            if scene.kind == "append" and file == scene.file:
                scene.format.append(file, scene.format.make(token))
                return
            items = scene.format.load(file.read_bytes())
            found = [one for one in items if scene.format.key(one) == key]
            if found:
                scene.format.grow(found[0], f"says {token}")
            else:
                items.append(scene.format.make(token))
            time.sleep(dice.uniform(0, 0.003))  # a server does more than this script between reading and writing
            replace(file, scene.format.dump(items), scene.kind)
            return
        time.sleep(0.01)


def replace(file: Path, data: bytes, kind: str) -> None:
    """Write a file in place, or as a new one under its name."""
    if kind == "truncate":
        file.write_bytes(data)
        return
    fresh = file.with_name(f"{file.name}.{os.getpid()}.writing")
    fresh.write_bytes(data)
    fresh.replace(file)


def sync_loop(scene: Scene, number: int, stop: Any, codes: Any, edits: Any) -> None:
    """Sync until told to stop; and between syncs, edit the journal."""
    count = 0
    while not stop.is_set():
        if count % GATE_ROUNDS == 0:
            with held(scene.root / "edit.lock", fcntl.LOCK_EX):
                edits.put(edit_journal(scene.root, number, count // GATE_ROUNDS))
        with held(scene.root / "edit.lock", fcntl.LOCK_SH):
            codes.put(outcome(*sync(scene.root)))
        count += 1


def edit_journal(root: Path, number: int, count: int) -> str:
    """A new entry, a line above an entry's others, or one below them, which clashes with what a writer adds there."""
    token = f"j{number}x{count:05}q"
    kind = count % 3
    path = root / f"journal/entries/{token if kind == 0 else SHARED[kind]}.md"
    if kind == 0:
        write_entry(root, token, [f"says {token}"])
    else:
        head, _, body = path.read_text(encoding="utf-8").partition("\n---\n\n")
        line = f"- says {token}\n"
        path.write_text(f"{head}\n---\n\n{line + body if kind == 1 else body + line}", encoding="utf-8")
    git(root, "add", "--", str(path))
    git(root, "commit", "-q", "-m", f"edit {token}")
    return token


def copy_loop(scene: Scene, number: int, stop: Any, _codes: Any, edits: Any) -> None:
    """The naive copier: write to its own side, and overwrite the older file with the newer one."""
    dice = random.Random(number)
    count = 0
    while not stop.is_set():
        if count % GATE_ROUNDS == 0:
            token = f"j{number}x{count // GATE_ROUNDS:05}q"
            change(scene, scene.mirror, token, None if count % 2 else dice.choice(SHARED), dice)
            edits.put(token)
        copy_newer(scene)
        time.sleep(NAIVE_PAUSE_S)
        count += 1


def copy_newer(scene: Scene) -> None:
    """Overwrite the older file with the newer one."""
    older, newer = sorted((scene.file, scene.mirror), key=lambda file: file.stat().st_mtime_ns)
    fresh = older.with_name(f"{older.name}.{os.getpid()}.copy")
    shutil.copy2(newer, fresh)
    fresh.replace(older)


Loop = Callable[[Scene, int, Any, Any, Any], None]


def run_load(scene: Scene, loop: Loop | None) -> tuple[list[str], list[str]]:
    """Let the writers write, with loops beside them; how the syncs ended, and what the journal's side was given."""
    stop, codes, edits = PROCESSES.Event(), PROCESSES.Queue(), PROCESSES.Queue()
    writers = [PROCESSES.Process(target=write_store, args=(scene, number)) for number in range(WRITERS)]
    loops = [
        PROCESSES.Process(target=loop, args=(scene, number, stop, codes, edits)) for number in range(LOOPS) if loop
    ]
    for one in [*loops, *writers]:
        one.start()
    for one in writers:
        one.join()
    stop.set()
    told: tuple[list[str], list[str]] = ([], [])
    while any(one.is_alive() for one in loops) or not (codes.empty() and edits.empty()):
        for queue, take in ((codes, told[0].append), (edits, told[1].append)):
            while not queue.empty():
                take(queue.get())
        time.sleep(0.05)
    if any(one.exitcode for one in [*writers, *loops]):
        sys.exit("a writer or a loop failed")
    return told


def measure(scene: Scene) -> dict[str, Any]:
    """One load with the sync; where every write has gone."""
    prepare(scene)
    start = time.perf_counter()
    codes, edits = run_load(scene, sync_loop)
    taken = time.perf_counter() - start
    last: dict[str, Any] = {}
    for _ in range(3):
        code, last = sync(scene.root)
        if code in (0, 1):
            break
    else:
        sys.exit(f"no sync went through when all was quiet: {last}")
    writes = {f"w{count % WRITERS}x{count:05}q" for count in range(scene.writes)}
    journal, conflicts = (tokens_of(scene.root, folder) for folder in ("journal/entries", "journal/conflicts"))
    stored, refused = tokens(scene.file.read_bytes()), refused_tokens(scene, last)
    lost = writes - journal - conflicts - refused
    return {
        "store": scene.store,
        "kind": scene.kind,
        "writes": len(writes),
        "in_journal": len(writes & journal),
        "in_conflicts": len((writes & conflicts) - journal),
        "refused": len((writes & refused) - journal - conflicts),
        "lost": len(lost),
        "in_store": len(writes & stored),
        "entries": len(edits),
        "entries_lost": len(set(edits) - journal - conflicts),
        "codes": dict(Counter(codes).most_common()),
        "seconds": round(taken, 1),
        "examples": sorted([*lost, *(set(edits) - journal - conflicts)])[:5],
    }


def measure_control(scene: Scene) -> int:
    """How many writes the writers lose among themselves."""
    prepare(scene)
    run_load(scene, None)
    return scene.writes - len({one for one in tokens(scene.file.read_bytes()) if one.startswith("w")})


def measure_naive(scene: Scene) -> int:
    """How many writes of both sides are lost where the newer file overwrites the older one."""
    prepare(scene)
    _codes, edits = run_load(scene, copy_loop)
    copy_newer(scene)
    return scene.writes + len(edits) - len(tokens(scene.file.read_bytes()) | tokens(scene.mirror.read_bytes()))


def refused_tokens(scene: Scene, told: dict[str, Any]) -> set[str]:
    """What a sync said it would not take: the writes of the records that it skipped."""
    skipped = {one["key"] for store in told["stores"] for one in store.get("decisions", ()) if one["action"] == "skip"}
    items = scene.format.load(scene.file.read_bytes())
    return tokens(scene.format.dump([one for one in items if scene.format.key(one) in skipped]))


def tokens_of(root: Path, folder: str) -> set[str]:
    """The writes that the files of a folder of the branch hold."""
    command = ["git", "grep", "-h", "-e", "[wj][0-9]*x[0-9]*q", "HEAD", "--", folder]
    return tokens(subprocess.run(command, cwd=root, capture_output=True, check=False).stdout)


def tokens(data: bytes) -> set[str]:
    """The writes that some bytes tell of."""
    return {one.decode() for one in TOKEN.findall(data)}


def sync(root: Path) -> tuple[int, dict[str, Any]]:
    """Run `journal sync`: its exit code, and the object that it prints."""
    done = subprocess.run([JOURNAL, "sync", "--json"], cwd=root, capture_output=True, check=False)
    if done.returncode not in (0, 1, 3, 4):
        sys.exit(f"journal sync: {done.returncode}: {done.stderr.decode()}{done.stdout.decode()}")
    try:
        return done.returncode, dict(json.loads(done.stdout))
    except ValueError:
        return done.returncode, {"stores": [], "error": done.stderr.decode()}


def outcome(code: int, told: dict[str, Any]) -> str:
    """What a sync ended with: its exit code, and what stopped it, without names and numbers."""
    errors = [one["error"]["message"] for one in told["stores"] if "error" in one] or [told.get("error", "")]
    return " ".join([str(code), re.sub(r"/\S+|\d+", "…", errors[0])]).strip()


@contextlib.contextmanager
def held(path: Path, how: int) -> Iterator[None]:
    """Hold a lock file."""
    with path.open("w") as file:
        fcntl.flock(file, how)
        yield


def git(root: Path, *arguments: str) -> None:
    """Run Git; its failure ends the benchmark."""
    subprocess.run(["git", *arguments], cwd=root, check=True)


def main() -> int:
    """Run the loads and print what was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writes", type=int, default=2000, help="in each load, all writers together")
    parser.add_argument("--stores", nargs="+", choices=STORES, default=list(STORES), help="which formats")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="how writers write")
    parser.add_argument("--pause", type=float, default=PAUSE_S, help="the longest rest of a writer, in seconds")
    parser.add_argument("--keep", type=Path, help="leave the synced repositories in this folder")
    arguments = parser.parse_args()
    runs = []
    with tempfile.TemporaryDirectory() as scratch:
        for store in arguments.stores:
            for kind in arguments.kinds:

                def scene(name: str, top: Path, store: str = store, kind: str = kind) -> Scene:
                    root = top / f"{store}-{kind}-{name}"
                    root.mkdir(parents=True)
                    return Scene(root=root, store=store, kind=kind, writes=arguments.writes, pause=arguments.pause)

                control = measure_control(scene("control", Path(scratch)))
                naive = measure_naive(scene("naive", Path(scratch)))
                found = measure(scene("sync", arguments.keep or Path(scratch)))
                runs.append(found | {"control_lost": control, "naive_lost": naive})
    sums = ("writes", "in_journal", "in_conflicts", "refused", "lost", "entries", "entries_lost", "naive_lost")
    totals = {name: sum(one[name] for one in runs) for name in sums}
    print(json.dumps({**totals, "runs": runs}, indent=1))
    return 1 if totals["lost"] or totals["entries_lost"] else 0


if __name__ == "__main__":
    sys.exit(main())
