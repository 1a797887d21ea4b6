"""How fast the foundation is: ratios within one run, against what must be done at least.

    python benchmarks/foundation.py [--chart docs/figures/export-cost.svg]

Prints one table. Each row is a median of alternating whole processes; `limit` is what the project promises.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from generate import make_journal
from measure import Task, medians, peak_megabytes

PYTHON = sys.executable
JOURNAL = str(Path(sys.executable).with_name("journal"))
SIZES = (1_000, 10_000, 50_000)
FLOOR = Path(__file__).with_name("floor.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table; times in seconds."""

    what: str
    ours: float
    floor: float
    limit: str

    @property
    def ratio(self) -> float:
        """How many times the floor."""
        return self.ours / self.floor


def forget_export(folder: Path) -> None:
    """As if nothing had ever been exported."""
    shutil.rmtree(folder / ".git/journal", ignore_errors=True)
    shutil.rmtree(folder / ".augment", ignore_errors=True)
    (folder / "journal/memories.json").unlink(missing_ok=True)


def first_export(folder: Path) -> Row:
    """The first export of a whole journal."""
    tasks = [
        Task(name="floor", command=[PYTHON, str(FLOOR), "journal/entries"]),
        Task(name="ours", command=[JOURNAL, "export"], before=lambda: forget_export(folder)),
    ]
    taken = medians(tasks, folder, 7)
    return Row(what="first export, 10,000 entries", ours=taken["ours"], floor=taken["floor"], limit="2.5")


def one_change(folder: Path, size: int) -> Row:
    """An export after one entry changed, against importing GitPython and committing that entry."""
    entry = sorted((folder / "journal/entries").iterdir())[size // 2]
    numbers = count()

    def edit() -> None:
        with entry.open("a", encoding="utf-8") as file:
            file.write(f"- one more line: {next(numbers)}\n")

    tasks = [
        Task(name="import", command=[PYTHON, "-c", "import git"]),
        Task(name="ours", command=[JOURNAL, "export"], before=edit),
        Task(name="commit", command=["git", "commit", "-q", "-m", "change", str(entry)]),
    ]
    taken = medians(tasks, folder, 7)
    floor = taken["import"] + taken["commit"]
    return Row(what=f"export after one change, {size:,} entries", ours=taken["ours"], floor=floor, limit="2")


def start_up(folder: Path) -> list[Row]:
    """What every commit and every shell prompt pays: the version, and a hook that has nothing to do."""
    tasks = [
        Task(name="bare", command=[PYTHON, "-c", "pass"]),
        Task(name="version", command=[JOURNAL, "--version"]),
        Task(name="hook", command=[JOURNAL, "hook", "pre-commit"]),
    ]
    taken = medians(tasks, folder, 31)
    return [
        Row(what="journal --version", ours=taken["version"], floor=taken["bare"], limit="2.5"),
        Row(what="hook with nothing to do", ours=taken["hook"], floor=taken["bare"], limit="2"),
    ]


def draw(rows: list[Row], file: Path) -> None:
    """The cost of one change over the size of the journal, as SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "journal"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    sizes = [f"{size:,}" for size in SIZES]
    for label, values in (
        ("import GitPython + git commit", [row.floor for row in rows]),
        ("journal export", [row.ours for row in rows]),
    ):
        axes.plot(sizes, [1000 * value for value in values], marker="o", label=label)
    axes.set(xlabel="entries in the journal", ylabel="milliseconds", title="After one entry changed", ylim=(0, None))
    axes.legend()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None, "Creator": None})


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--chart", type=Path, help="draw the cost of one change into this SVG file")
    chart = arguments.parse_args().chart
    with tempfile.TemporaryDirectory() as scratch:
        journals = {size: make_journal(Path(scratch) / str(size), size) for size in SIZES}
        rows = [first_export(journals[10_000])]
        forget_export(journals[10_000])
        peak = peak_megabytes([JOURNAL, "export"], journals[10_000])
        changes = [one_change(journals[size], size) for size in SIZES]
        rows += [*changes, *start_up(journals[1_000])]
    print(f"{'':<42} {'ours':>9} {'floor':>9} {'ratio':>6}  limit")
    for row in rows:
        times = f"{1000 * row.ours:>6.0f} ms {1000 * row.floor:>6.0f} ms"
        print(f"{row.what:<42} {times} {row.ratio:>6.2f}  {row.limit}")
    print(f"{'peak memory, first export of 10,000':<42} {peak:>6.0f} MB {'':>9} {'':>6}  250 MB")
    if chart:
        draw(changes, chart)


if __name__ == "__main__":
    main()
