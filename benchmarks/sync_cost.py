"""How fast the two-way sync is: ratios within one run, against what must be done at least.

    python benchmarks/sync_cost.py [--chart docs/figures/sync-cost.svg] [--runs 7] [--sizes 1000 10000 50000]

The store is Augment's list of memories, in step with the journal. Prints one table as `foundation.py` does; `limit` is
what the project promises. The floors: for nothing to do, importing GitPython and one `git status`; for changes on both
sides, that import and one `git merge` of the same entries; for a first sync, reading and parsing every entry.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from foundation import FLOOR, JOURNAL, PYTHON, SIZES, Row
from measure import Task, medians, peak_megabytes, run

GENERATE = Path(__file__).with_name("generate.py")
STORE = ".augment/memories/journal_memories.json"
CHANGES = 10  # on each side
PROMISED_MB = 250


@dataclass(frozen=True)
class Pair:
    """A journal with a store, and the same journal without one, for Git alone.

    Attributes:
        ours: the repository that is synced.
        floor: the repository that Git merges in.
        numbers: tells one change from the next.
    """

    ours: Path
    floor: Path
    numbers: count[int] = field(default_factory=count)

    @cached_property
    def names(self) -> list[str]:
        """The entries that are changed: those of the journal's side and those of the store's, in turns."""
        names = sorted(one.name for one in (self.ours / "journal/entries").iterdir())
        return [names[place * len(names) // (2 * CHANGES)] for place in range(2 * CHANGES)]

    def change_both(self) -> None:
        """Edit and commit entries, and edit other memories in the store."""
        commit_edits(self.ours, self.names[::2], next(self.numbers))
        edit_store(self.ours / STORE, self.names[1::2], next(self.numbers))

    def branch(self) -> None:
        """The same changes as two branches; the one with the journal's is checked out."""
        git(self.floor, "checkout", "-q", "-B", "store")
        commit_edits(self.floor, self.names[1::2], next(self.numbers))
        git(self.floor, "checkout", "-q", "main")
        commit_edits(self.floor, self.names[::2], next(self.numbers))

    def step(self) -> None:
        """Bring both sides into step, so that a sync has nothing to do and knows it."""
        for _ in range(3):
            run([JOURNAL, "sync"], self.ours)

    def forget(self) -> None:
        """As if the store had never been synced."""
        shutil.rmtree(self.ours / ".git/journal", ignore_errors=True)
        (self.ours / STORE).unlink(missing_ok=True)
        git(self.ours, "update-ref", "-d", "refs/journal/augment")


def make_pair(folder: Path, size: int) -> Pair:
    """Two repositories with so many entries; the store is empty. Made by a process of its own, to stay small here."""
    pair = Pair(ours=folder / f"{size}-ours", floor=folder / f"{size}-floor")
    for one in (pair.ours, pair.floor):
        run([PYTHON, str(GENERATE), str(one), str(size)], folder)
    (pair.ours / STORE).parent.mkdir(parents=True)
    (pair.ours / ".gitignore").write_text("/.augment/\n", encoding="utf-8")
    git(pair.ours, "add", ".gitignore")
    git(pair.ours, "commit", "-q", "-m", "ignore")
    return pair


def commit_edits(folder: Path, names: Sequence[str], number: int) -> None:
    """Append a line to some entries, and commit them."""
    for name in names:
        with (folder / "journal/entries" / name).open("a", encoding="utf-8") as file:
            file.write(f"- one more line: {number}\n")
    git(folder, "commit", "-q", "-a", "-m", "change")


def edit_store(store: Path, names: Sequence[str], number: int) -> None:
    """Append a line to some memories, as an editor would."""
    data = store.read_bytes()
    for name in names:
        wanted = re.compile(
            rb'"(,\n    "metadata": \{\n      "id": "%s",)' % re.escape(name.removesuffix(".md").encode())
        )
        data, found = wanted.subn(rb'\\n- one more line: %d"\1' % number, data)
        if not found:
            sys.exit(f"{store} has no memory of {name}")
    store.write_bytes(data)


def nothing_to_do(pair: Pair, size: int, runs: int) -> Row:
    """A sync that has nothing to do."""
    pair.step()
    tasks = [
        Task(name="import", command=[PYTHON, "-c", "import git"]),
        Task(name="status", command=["git", "status", "--porcelain"]),
        Task(name="ours", command=[JOURNAL, "sync"]),
    ]
    taken = medians(tasks, pair.ours, 3 * runs)
    floor = taken["import"] + taken["status"]
    return Row(what=f"nothing to do, {size:,} entries", ours=taken["ours"], floor=floor, limit="2")


def both_changed(pair: Pair, size: int, runs: int) -> Row:
    """A sync after changes on both sides."""
    pair.step()
    tasks = [
        Task(name="import", command=[PYTHON, "-c", "import git"]),
        Task(name="ours", command=[JOURNAL, "sync"], before=pair.change_both),
        Task(name="merge", command=["git", "-C", str(pair.floor), "merge", "-q", "store"], before=pair.branch),
    ]
    taken = medians(tasks, pair.ours, runs)
    floor = taken["import"] + taken["merge"]
    return Row(what=f"{CHANGES} changes on each side, {size:,} entries", ours=taken["ours"], floor=floor, limit="3")


def first_sync(pair: Pair, size: int, runs: int) -> Row:
    """The first sync of a whole journal, into an empty store."""
    tasks = [
        Task(name="floor", command=[PYTHON, str(FLOOR), "journal/entries"]),
        Task(name="ours", command=[JOURNAL, "sync"], before=pair.forget),
    ]
    taken = medians(tasks, pair.ours, runs)
    return Row(what=f"first sync, {size:,} entries", ours=taken["ours"], floor=taken["floor"], limit="-")


def peaks(pair: Pair) -> dict[str, float]:
    """The largest resident size in MB of a first sync, one with changes on both sides, and one with nothing to do."""
    pair.forget()
    found = {"first sync": peak_megabytes([JOURNAL, "sync"], pair.ours)}
    pair.change_both()
    found[f"{CHANGES} changes on each side"] = peak_megabytes([JOURNAL, "sync"], pair.ours)
    pair.step()
    return found | {"nothing to do": peak_megabytes([JOURNAL, "sync"], pair.ours)}


def git(folder: Path, *arguments: str) -> None:
    """Run Git; its failure ends the benchmark."""
    subprocess.run(["git", *arguments], cwd=folder, check=True)


def draw(rows: Sequence[Row], sizes: Sequence[int], file: Path) -> None:
    """The cost of changes on both sides over the size of the journal, as SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "journal"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    for label, values in (
        ("import GitPython + git merge", [row.floor for row in rows]),
        ("journal sync", [row.ours for row in rows]),
    ):
        axes.plot([f"{size:,}" for size in sizes], [1000 * value for value in values], marker="o", label=label)
    title = f"After {CHANGES} changes on each side"
    axes.set(xlabel="entries in the journal", ylabel="milliseconds", title=title, ylim=(0, None))
    axes.legend()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None, "Creator": None})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chart", type=Path, help="draw the cost of changes on both sides into this SVG file")
    parser.add_argument("--runs", type=int, default=7, help="how often each command is timed")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="entries in the journals")
    arguments = parser.parse_args()
    sizes, runs = arguments.sizes, arguments.runs
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled, and so is GitPython
    with tempfile.TemporaryDirectory() as scratch:
        pairs = {size: make_pair(Path(scratch), size) for size in sizes}
        middle = sizes[len(sizes) // 2]
        measured = peaks(pairs[middle])
        firsts = [first_sync(pairs[size], size, max(3, runs // 2)) for size in sizes]
        changes = [both_changed(pairs[size], size, runs) for size in sizes]
        idle = [nothing_to_do(pairs[size], size, runs) for size in sizes]
    print(f"{'':<42} {'ours':>9} {'floor':>9} {'ratio':>6}  limit")
    for row in [*idle, *changes, *firsts]:
        times = f"{1000 * row.ours:>6.0f} ms {1000 * row.floor:>6.0f} ms"
        print(f"{row.what:<42} {times} {row.ratio:>6.2f}  {row.limit}")
    for what, peak in measured.items():
        print(f"{f'peak memory, {what}, {middle:,}':<42} {peak:>6.0f} MB {'':>9} {'':>6}  {PROMISED_MB} MB")
    if arguments.chart:
        draw(changes, sizes, arguments.chart)


if __name__ == "__main__":
    main()
