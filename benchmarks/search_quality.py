"""How often the search finds the answer: recall, reciprocal rank and nDCG on questions whose answers are known.

    JOURNAL_CORPUS=FOLDER python benchmarks/search_quality.py [--mode lexical ...] [--settings FILE]
        [--sets locomo piaf faq pooled] [--chart docs/figures/search-quality.svg] [--json]

Every conversation of FOLDER/retrieval/*.jsonl.gz (see `retrieval_sets.py`) becomes a journal in a temporary folder: an
entry a session, where each document is a list item, or an entry a document. `pooled` is all conversations of LoCoMo in
one journal. Each question goes through `journal query --batch --json --limit 20`. An entry's place is that of its best
hit; a document's is that of the first hit that holds its line and has 12 lines at most. Beside it, in the same run:
SQLite FTS5 with the Porter stemmer and the OR of the words, and the number of words in common; they are given whole
entries, then documents. Questions whose answers are not all in the set are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from foundation import JOURNAL
from measure import run
from retrieval_sets import (
    LIMIT,
    NAMES,
    Conversation,
    Figures,
    Hit,
    Spot,
    documents_hit,
    load,
    mean,
    pooled,
    score,
    write_journal,
)
from search_baselines import Find, fts5, word_overlap

POOLED = "pooled"
BARS = {
    ("locomo", "entry"): (0.92, 0.79),
    ("locomo", "document"): (0.69, 0.50),
    ("piaf", "entry"): (0.89, 0.76),
    ("faq", "entry"): (0.98, 0.86),
}
"""What the project promises without a model: recall at 10, and mean reciprocal rank."""

Orders = dict[str, tuple[list[str], list[str]]]
"""By question: the entries and the documents that were found, best first."""
Ask = Callable[[Path, Conversation, Mapping[str, Spot]], Orders]
Measured = dict[tuple[str, str], dict[str, Figures]]
"""By set and level, then by what was asked."""


def ask_journal(root: Path, conversation: Conversation, spots: Mapping[str, Spot], *, mode: str) -> Orders:
    """What the project finds; where meanings count, after they were looked up for every passage."""
    if mode != "lexical":
        run([JOURNAL, "index"], root)
    lines = "".join(json.dumps({"id": one.id, "query": one.text}) + "\n" for one in conversation.questions)
    command = [JOURNAL, "query", "--batch", "--json", "--limit", str(LIMIT), "--mode", mode]
    done = subprocess.run(command, cwd=root, input=lines.encode(), capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed: {done.stderr.decode()}")
    found: Orders = {}
    for row in map(json.loads, done.stdout.splitlines()):
        hits = [Hit(one["entry"], *one["lines"]) for one in row["hits"]]
        entries = list(dict.fromkeys(hit.entry for hit in hits))
        found[row["id"]] = entries, documents_hit(hits, spots)
    return found


def ask_baseline(
    _root: Path, conversation: Conversation, spots: Mapping[str, Spot], *, engine: Callable[[Any], Find]
) -> Orders:
    """What another engine finds among entries, and among documents."""
    entries: dict[str, list[str]] = defaultdict(list)
    for key, row in conversation.documents.items():
        entries[spots[key].entry].append(row["text"])
    of_entries = engine((path, "\n".join(texts)) for path, texts in entries.items())
    of_documents = engine((key, row["text"]) for key, row in conversation.documents.items())
    return {one.id: (of_entries(one.text), of_documents(one.text)) for one in conversation.questions}


def measure(sets: Mapping[str, Sequence[Conversation]], systems: Mapping[str, Ask], settings: Path | None) -> Measured:
    """The figures of every set."""
    measured: Measured = {}
    for name, conversations in sets.items():
        rows: dict[tuple[str, str], dict[str, list[Figures]]] = defaultdict(lambda: defaultdict(list))
        for conversation in conversations:
            with tempfile.TemporaryDirectory() as folder:
                spots = write_journal(Path(folder), conversation)
                if settings:
                    shutil.copy(settings, Path(folder) / "journal.toml")
                for system, ask in systems.items():
                    orders = ask(Path(folder), conversation, spots)
                    for level, figures in judged(conversation, orders, spots).items():
                        rows[name, level][system] += figures
        for key, by_system in rows.items():
            measured[key] = {system: mean(figures) for system, figures in by_system.items()}
    return measured


def judged(conversation: Conversation, orders: Orders, spots: Mapping[str, Spot]) -> dict[str, list[Figures]]:
    """The figures of each question by entry, and by document where there are sessions; unanswered ones count 0."""
    levels: dict[str, list[Figures]] = {"entry": []}
    for one in conversation.questions:
        entries, documents = orders.get(one.id, ([], []))
        levels["entry"].append(score(entries, {spots[key].entry for key in one.answers}))
        if conversation.has_sessions:
            levels.setdefault("document", []).append(score(documents, one.answers))
    return levels


def draw(measured: Measured, file: Path) -> None:
    """Recall at 10 by set, as SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "journal"
    from matplotlib import pyplot as plt

    titles = {"locomo": "LoCoMo", "piaf": "PIAF", "faq": "FAQ", POOLED: "LoCoMo pooled"}
    labels = [f"{titles[name]}\nby {level}" if name in {NAMES[0], POOLED} else titles[name] for name, level in measured]
    systems = list(next(iter(measured.values())))
    figure, axes = plt.subplots(figsize=(7.6, 3.2), layout="constrained")
    width = 0.8 / len(systems)
    for number, system in enumerate(systems):
        heights = [figures[system].recall_10 for figures in measured.values()]
        places = [place + (number - (len(systems) - 1) / 2) * width for place in range(len(heights))]
        bars = axes.bar(places, heights, width, label=system)
        axes.bar_label(bars, labels=[f"{height:.2f}".removeprefix("0") for height in heights], fontsize=7)
    axes.set_xticks(range(len(labels)), labels, fontsize=8)
    axes.set(ylabel="recall at 10", ylim=(0, 1.05))
    axes.legend(fontsize=8, ncols=len(systems), loc="upper center", bbox_to_anchor=(0.5, 1.15))
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None, "Creator": None})


def print_table(measured: Measured) -> None:
    """One line by set, level and system."""
    print(f"{'':<20} {'':<17} recall@5 recall@10   MRR nDCG@10  bar")
    for (name, level), by_system in measured.items():
        for system, one in by_system.items():
            figures = f"{one.recall_5:>8.3f} {one.recall_10:>9.3f} {one.mrr:>5.3f} {one.ndcg_10:>7.3f}"
            bar = BARS.get((name, level)) if system.startswith("journal") else None
            is_met = bar is not None and one.recall_10 >= bar[0] and one.mrr >= bar[1]
            said = f"  {bar[0]} {bar[1]} {'met' if is_met else 'NOT MET'}" if bar else ""
            print(f"{f'{name} by {level}':<20} {system:<17} {figures}{said}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", nargs="+", default=["lexical"], help="modes of `journal query`")
    parser.add_argument("--settings", type=Path, help="a journal.toml for every journal, which can name a model")
    parser.add_argument("--sets", nargs="+", default=[*NAMES, POOLED], choices=[*NAMES, POOLED])
    parser.add_argument("--chart", type=Path, help="draw recall at 10 into this SVG file")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if "JOURNAL_CORPUS" not in os.environ:
        print("JOURNAL_CORPUS names no folder with retrieval/*.jsonl.gz: the quality of the search is not measured")
        return
    folder = Path(os.environ["JOURNAL_CORPUS"])
    sets = {name: [pooled(load(folder, NAMES[0]))] if name == POOLED else load(folder, name) for name in arguments.sets}
    systems: dict[str, Ask] = {
        "words in common": partial(ask_baseline, engine=word_overlap),
        "SQLite FTS5": partial(ask_baseline, engine=fts5),
    }
    systems |= {f"journal, {mode}": partial(ask_journal, mode=mode) for mode in arguments.mode}
    measured = measure(sets, systems, arguments.settings)
    if arguments.json:
        rows = {f"{name} by {level}": systems_ for (name, level), systems_ in measured.items()}
        print(json.dumps({key: {system: one._asdict() for system, one in row.items()} for key, row in rows.items()}))
    else:
        print_table(measured)
    if arguments.chart:
        draw(measured, arguments.chart)


if __name__ == "__main__":
    main()
