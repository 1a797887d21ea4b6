"""How fast the search is, how large its index, and how soon it knows a change; against SQLite FTS5 and ripgrep.

    python benchmarks/search_speed.py [--passages 100000] [--large] [--questions 100] [--rounds 3] [--json]

One run on one made-up journal (`search_journal.py`). Questions are put to running processes, a new one each round, and
those of the best round count: the median (p50) and the 95th percentile of all questions of a kind, each asked once, by
words alone and with 20 hits. Whole processes take turns, their medians count. `--large` is 1,000,000 passages, three
questions of each kind for FTS5, and another bar. Prints a table; `bar` is what the project promises, and nothing is
asserted. With --json, one object instead.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from foundation import JOURNAL, PYTHON
from measure import Task, medians, peak_megabytes, run
from search_baselines import ask_fts5, fts5
from search_journal import made_questions, natural_questions

from sync.document.entry import Entry, load_entry
from sync.operations.journal import open_journal
from sync.operations.searcher import Searcher
from sync.search.filters import Mode
from sync.search.passages import passages_of

GENERATE = Path(__file__).with_name("search_journal.py")
CHANGES = 20
LARGE = 1_000_000
LIMIT = 20
QUESTION = "middle words"  # the kind that whole processes are given
_ASK_FTS5 = """
import sqlite3, sys
words = " OR ".join(sys.argv[2].split())
sqlite3.connect(sys.argv[1]).execute("select k from t where t match ? order by rank limit 20", (words,)).fetchall()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was measured.
        unit: of the figures.
        ours, fts5, grep: the figures; None where there is none.
        bar: what ours may be at most; None where nothing is promised.
        bare: for ratios, what ours is divided by before it is held against the bar.
    """

    what: str
    unit: str
    ours: float
    fts5: float | None = None
    grep: float | None = None
    bar: float | None = None
    bare: float = 1.0

    @property
    def met(self) -> bool | None:
        """Whether ours is within the bar."""
        return None if self.bar is None else self.ours / self.bare <= self.bar


def serve(folder: Path, questions: dict[str, list[str]], changes: int) -> dict[str, Any]:
    """Times in seconds of questions to a running process, of changes until they are found, and its largest size."""
    with Searcher(open_journal(folder)) as searcher:

        def ask(question: str) -> object:
            return searcher.locate(question, mode=Mode.LEXICAL, limit=LIMIT)

        times = timed(ask, questions)
        changed = [seen_after(searcher, path, number) for number, path in enumerate(spread_over(folder, changes))]
    return {"times": times, "changed": changed, "peak": own_peak()}


def own_peak() -> float:
    """The largest resident size of this process in MB; without that of the process that started it, where it can be."""
    with contextlib.suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
        if found:
            return int(found[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def timed(ask: Callable[[str], object], questions: dict[str, list[str]]) -> dict[str, list[float]]:
    """How long each question takes, by kind, in turns; after one of each kind that does not count."""
    taken: dict[str, list[float]] = {kind: [] for kind in questions}
    for number, together in enumerate(zip(*questions.values(), strict=True)):
        for kind, question in zip(questions, together, strict=True):
            start = time.perf_counter()
            ask(question)
            if number:
                taken[kind].append(time.perf_counter() - start)
    return taken


def seen_after(searcher: Searcher, path: Path, number: int) -> float:
    """From before a line is written into an entry until a question finds it there."""
    word = f"zyxwv{os.getpid()}q{number}"
    start = time.perf_counter()
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\nSomething new was said of {word}, after the rest of it.\n")
    searcher.refresh()
    found = searcher.locate(f"what was said of {word}", mode=Mode.LEXICAL, limit=LIMIT)
    taken = time.perf_counter() - start
    if not found or not found[0].entry.path.endswith(path.name):
        sys.exit(f"{path.name}: a change is not found")
    return taken


def spread_over(folder: Path, count: int) -> list[Path]:
    """So many entries of a journal, evenly spread."""
    names = sorted((folder / "journal/entries").iterdir())
    return [names[place * len(names) // count] for place in range(count)]


def passage_texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Every passage of a journal: where it stands, and its text."""
    for path in sorted((folder / "journal/entries").iterdir()):
        entry = load_entry(path.name, path.read_bytes())
        if isinstance(entry, Entry):
            for passage in passages_of(entry):
                yield f"{path.name}:{passage.first_line}", passage.text


def bytes_below(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def build(folder: Path) -> tuple[float, float]:
    """Seconds and largest size in MB of the first query of a clone."""
    shutil.rmtree(folder / ".git/journal", ignore_errors=True)
    start = time.perf_counter()
    peak = peak_megabytes([JOURNAL, "query", "bal", "--json"], folder)
    return time.perf_counter() - start, peak


def build_fts5(folder: Path, file: Path) -> float:
    """Seconds to read, cut and index the same passages; cutting is ours and alike."""
    start = time.perf_counter()
    fts5(passage_texts(folder), file)
    return time.perf_counter() - start


def whole_processes(folder: Path, database: Path, question: str, runs: int) -> dict[str, float]:
    """Medians in seconds: a bare interpreter, a query, FTS5 in a script, and (rip)grep for any of the words."""
    words = [part for word in question.split() for part in ("-e", word)]
    grep = ["rg", "-c", "-i", "-F"] if shutil.which("rg") else ["grep", "-r", "-c", "-i", "-F"]
    tasks = [
        Task(name="bare", command=[PYTHON, "-c", "pass"]),
        Task(name="ours", command=[JOURNAL, "query", question]),
        Task(name="fts5", command=[PYTHON, "-c", _ASK_FTS5, str(database), question]),
        Task(name="grep", command=[*grep, *words, "journal/entries"]),
    ]
    return medians(tasks, folder, runs)


def measure(folder: Path, scratch: Path, arguments: argparse.Namespace) -> list[Row]:
    """All rows."""
    is_large = arguments.passages >= LARGE
    database = scratch / "fts5.sqlite"
    (folder / "journal.toml").write_text('[search]\nmodel = "off"\n', encoding="utf-8")  # whatever is installed
    first, peak = build(folder)
    questions = made_questions(arguments.questions)
    questions["natural"] = natural_questions(folder, arguments.questions)
    text, index = bytes_below(folder / "journal/entries"), bytes_below(folder / ".git/journal/search")
    rows = [
        Row(what="first query, builds the index", unit="s", ours=first, fts5=build_fts5(folder, database)),
        Row(what="memory of that process", unit="MB", ours=peak),
        Row(what="index / text", unit="", ours=index / text, fts5=database.stat().st_size / text, bar=1.5),
    ]
    rounds = [served(folder, questions, 0) for _ in range(arguments.rounds)]
    theirs = ask_theirs(database, {kind: some[: 4 if is_large else 26] for kind, some in questions.items()})
    for kind in questions:
        best = min((one["times"][kind] for one in rounds), key=median)
        rows += of_kind(kind, best, theirs[kind], is_large=is_large)
    every = min(([t for some in one["times"].values() for t in some] for one in rounds), key=median)
    rows += of_kind("all questions", every, [t for some in theirs.values() for t in some], is_large=is_large)
    rows.append(Row(what="memory, asking", unit="MB", ours=min(one["peak"] for one in rounds)))
    whole = whole_processes(folder, database, questions[QUESTION][0], 5 if is_large else 21)
    figures = {name: 1000 * whole[name] for name in ("ours", "fts5", "grep")}
    bar = None if is_large else 6.0
    rows.append(Row(what="whole process", unit="ms", **figures, bar=bar, bare=1000 * whole["bare"]))
    changes = [served(folder, {}, CHANGES) for _ in range(1 if is_large else arguments.rounds)]
    best = min((one["changed"] for one in changes), key=max)
    limit = None if is_large else 200
    rows.append(Row(what="a change is found, median", unit="ms", ours=1000 * median(best), bar=limit))
    rows.append(Row(what=f"a change is found, worst of {CHANGES}", unit="ms", ours=1000 * max(best), bar=limit))
    rows.append(Row(what="memory, following changes", unit="MB", ours=min(one["peak"] for one in changes)))
    return rows


def of_kind(kind: str, ours: Sequence[float], theirs: Sequence[float], *, is_large: bool) -> list[Row]:
    """The rows of one kind of question; the bar is on the median, in large journals on the 95th percentile."""
    p50, p95 = ([1000 * of(some) for some in (ours, theirs)] for of in (median, percentile_95))
    return [
        Row(what=f"{kind}, p50", unit="ms", ours=p50[0], fts5=p50[1], bar=None if is_large else 5.0),
        Row(what=f"{kind}, p95", unit="ms", ours=p95[0], fts5=p95[1], bar=30.0 if is_large else None),
    ]


def median(values: Sequence[float]) -> float:
    """The value in the middle."""
    return statistics.median(values)


def percentile_95(values: Sequence[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    return sorted(values)[-(-95 * len(values) // 100) - 1]


def served(folder: Path, questions: dict[str, list[str]], changes: int) -> dict[str, Any]:
    """What `serve` gives in a process of its own."""
    command = [PYTHON, __file__, "--serve", str(folder), "--changes", str(changes)]
    done = subprocess.run(command, input=json.dumps(questions).encode(), stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout))


def ask_theirs(database: Path, questions: dict[str, list[str]]) -> dict[str, list[float]]:
    """The times of FTS5."""
    connection = sqlite3.connect(database)
    times = timed(lambda question: ask_fts5(connection, question), questions)
    connection.close()
    return times


def print_table(rows: Sequence[Row], passages: int, loads: Sequence[float]) -> None:
    """One line a figure; a whole process is held against its bar as a ratio to a bare interpreter."""
    print(f"{passages:,} passages; load average before and after: {loads[0]:.1f}, {loads[1]:.1f}")
    print(f"{'':<34} {'ours':>12} {'FTS5':>9} {'(rip)grep':>9}  bar")
    for row in rows:
        others = " ".join(f"{'' if one is None else f'{one:.2f}':>9}" for one in (row.fts5, row.grep))
        ratio = "" if row.bare == 1.0 else f" = {row.ours / row.bare:.2f} times {row.bare:.1f} {row.unit}"
        bar = "" if row.bar is None else f"{row.bar:g} {'met' if row.met else 'NOT MET'}{ratio}"
        print(f"{row.what:<34} {row.ours:>9.2f} {row.unit:<2} {others}  {bar}".rstrip())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--large", action="store_true", help="1,000,000 passages")
    parser.add_argument("--questions", type=int, default=100, help="of each of four kinds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--journal", type=Path, help="a journal that search_journal.py made, which is changed")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--changes", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled
    if arguments.serve:
        print(json.dumps(serve(arguments.serve, json.load(sys.stdin), arguments.changes)))
        return
    arguments.passages = LARGE if arguments.large else arguments.passages
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.journal or Path(scratch) / "journal"
        if not arguments.journal:
            run([PYTHON, str(GENERATE), str(folder), str(arguments.passages)], Path(scratch))
        loads = [os.getloadavg()[0]]
        rows = measure(folder, Path(scratch), arguments)
        loads.append(os.getloadavg()[0])
    if arguments.json:
        found = [asdict(row) | {"met": row.met} for row in rows]
        print(json.dumps({"passages": arguments.passages, "loads": loads, "rows": found}))
        return
    print_table(rows, arguments.passages, loads)


if __name__ == "__main__":
    main()
