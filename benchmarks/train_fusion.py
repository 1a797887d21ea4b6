"""Learn what the cosines count beside the lexical score, and measure it on questions that were not learned from.

    JOURNAL_CORPUS=FOLDER train_fusion.py [--model minilm] [--keep FOLDER]

Every conversation of FOLDER/retrieval/*.jsonl.gz becomes a journal of its own, with an entry a session, or an entry a
document where there are none. The search engine of this project gives each question its candidates and their lexical
scores; the embedder gives the cosines. The weights maximise the likelihood of the right passages under a softmax over a
question's candidates (Cao et al., "Learning to rank: from pairwise approach to listwise approach", 2007), without one
conversation, or a sixth of the questions of one, at a time. Prints the weights in units of the lexical score, recall
at 10 and reciprocal rank of entries and passages by words alone and blended, then one line of JSON.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from sync.operations.journal import open_journal
from sync.operations.searcher import Searcher
from sync.search.index.catalogue import passage_id
from sync.search.vectors.cache import VectorCache
from sync.search.vectors.embedder import Embedder, EmbedderSettings, Missing
from sync.search.vectors.meaning import Meaning, Text, open_meaning
from sync.search.vectors.registry import open_embedder

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

FOLDS = 6
CANDIDATES = 200
SHOWN = 20
ROUNDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question.

    Attributes:
        group: which set it is of.
        fold: what it is held out with.
        features: shape (candidates, 3): lexical score, and both cosines.
        right: which candidates answer it.
        entries: of the candidates.
        answers, answering_entries: how many passages and entries answer it, found or not.
    """

    group: str
    fold: int
    features: Floats
    right: npt.NDArray[np.bool_]
    entries: npt.NDArray[np.int64]
    answers: int
    answering_entries: frozenset[int]


def main() -> None:
    """Learn, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--keep", type=Path, help="keep embedded texts here, for the next run")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        embedder = open_embedder(EmbedderSettings(model=arguments.model), folder)
        if isinstance(embedder, Missing):
            sys.exit(f"{embedder.reason}: {embedder.remedy}")
        with VectorCache(folder) as cache:
            asked = list(all_asked(Path(os.environ["JOURNAL_CORPUS"]), cache, embedder, folder))
    report(asked)


def report(asked: Sequence[Asked]) -> None:
    """Weights and figures, held out."""
    weights = {fold: learn([one for one in asked if one.fold != fold]) for fold in range(FOLDS)}
    figures: dict[str, dict[str, list[float]]] = {}
    for group in dict.fromkeys(one.group for one in asked):
        members = [one for one in asked if one.group == group]
        words = np.mean([scores(one, np.array([1.0, 0.0, 0.0])) for one in members], axis=0)
        blend = np.mean([scores(one, weights[one.fold]) for one in members], axis=0)
        figures[group] = {"words": words.round(4).tolist(), "blend": blend.round(4).tolist()}
        for name, row in figures[group].items():
            print(f"{group:>8} {name:>6}  entry {row[0]:.3f} {row[1]:.3f}  passage {row[2]:.3f} {row[3]:.3f}")
    learned = np.stack(list(weights.values()))
    units = learned[:, 1:] / learned[:, :1]
    print("own, near in units of the lexical score:", units.mean(axis=0).round(2), "+-", units.std(axis=0).round(2))
    print(json.dumps({"weights": units.mean(axis=0).round(3).tolist(), "figures": figures}))


def learn(asked: Sequence[Asked]) -> Floats:
    """The weights of the three features, by Newton's method; each set counts as much as its questions."""
    weights = np.array([0.3, 1.0, 1.0])
    known = [one for one in asked if one.right.any()]
    for _ in range(ROUNDS):
        slope, bend = np.zeros(3), 1e-3 * np.eye(3)
        for one in known:
            logits = one.features @ weights
            share = np.exp(logits - logits.max())
            share /= share.sum()
            mean = share @ one.features
            slope += one.features[one.right].mean(axis=0) - mean
            bend += (one.features * share[:, None]).T @ one.features - np.outer(mean, mean)
        step = np.linalg.solve(bend, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def scores(one: Asked, weights: Floats) -> tuple[float, float, float, float]:
    """Recall at 10 and reciprocal rank, of entries and of passages, where twenty passages are shown."""
    order = np.argsort(-(one.features @ weights), kind="stable")
    shown = spread(order.tolist(), one.entries)
    ranked = list(dict.fromkeys(one.entries[shown].tolist()))
    entries = [entry in one.answering_entries for entry in ranked]
    right = one.right[shown].tolist()
    return *_measured(entries, len(one.answering_entries)), *_measured(right, one.answers)


def spread(order: Sequence[int], entries: npt.NDArray[np.int64]) -> list[int]:
    """The first half for the best passages, the second for the best of other entries."""
    shown = list(order[: SHOWN // 2])
    seen, rest = set(entries[shown].tolist()), []
    for place in order[SHOWN // 2 :]:
        entry = int(entries[place])
        if entry in seen:
            rest.append(place)
        else:
            seen.add(entry)
            shown.append(place)
    return [*shown, *rest][:SHOWN]


def _measured(right: Sequence[bool], wanted: int) -> tuple[float, float]:
    first = next((1 / place for place, hit in enumerate(right, 1) if hit), 0.0)
    return sum(right[:10]) / wanted, first


def all_asked(folder: Path, cache: VectorCache, embedder: Embedder, kept: Path) -> Iterable[Asked]:
    """Every question of every set, with its candidates."""
    number = 0
    for path in sorted(folder.glob("retrieval/*.jsonl.gz")):
        for rows in conversations(path).values():
            with tempfile.TemporaryDirectory() as temporary:
                places = write_journal(Path(temporary), rows["doc"])
                with Searcher(open_journal(Path(temporary))) as searcher:
                    yield from _asked(searcher, rows, places, cache, embedder, (path.name.split(".")[0], number, kept))
            number += 1


def _asked(
    searcher: Searcher,
    rows: dict[str, list[Any]],
    places: dict[str, tuple[str, int]],
    cache: VectorCache,
    embedder: Embedder,
    about: tuple[str, int, Path],
) -> Iterable[Asked]:
    group, number, kept = about
    entries = {one.path: one.id for one in searcher.index.catalogue.entries()}
    ids = {doc: passage_id(entries[path], place) for doc, (path, place) in places.items()}
    texts = [Text(id=ids[row["id"]], entry=entries[places[row["id"]][0]], text=line_of(row)) for row in rows["doc"]]
    meaning = open_meaning(kept, cache, embedder, sorted(texts, key=lambda text: text.id))
    whole = len(rows["query"]) > 0 and "session" in rows["doc"][0]
    for query in rows["query"]:
        answers = {ids[doc] for doc in query["evidence"] if doc in ids}
        if len(answers) == len(set(query["evidence"])) and answers:
            fold = number if whole else crc32(query["qid"].encode())
            yield _candidates(searcher, meaning, query["question"], answers, (group, fold % FOLDS))


def _candidates(
    searcher: Searcher, meaning: Meaning, question: str, answers: set[int], about: tuple[str, int]
) -> Asked:
    found = searcher.locate(question, limit=CANDIDATES)
    cosines = meaning.cosines(question, [one.spot.id for one in found], most=0)
    features = [(one.score, cosines[one.spot.id].own, cosines[one.spot.id].near) for one in found]
    return Asked(
        group=about[0],
        fold=about[1],
        features=np.array(features, np.float64).reshape(-1, 3),
        right=np.array([one.spot.id in answers for one in found], np.bool_),
        entries=np.array([one.spot.entry for one in found], np.int64),
        answers=len(answers),
        answering_entries=frozenset(answer >> 20 for answer in answers),
    )


def conversations(path: Path) -> dict[str, dict[str, list[Any]]]:
    """The rows of a set by conversation and type."""
    found: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["type"] != "meta":
                found[row["conv"]][row["type"]].append(row)
    return found


def line_of(row: dict[str, Any]) -> str:
    """A document as one line of Markdown."""
    text = " ".join(row["text"].split())
    return f"- **{row['speaker']}**: {text}" if "speaker" in row else text


def write_journal(root: Path, documents: Sequence[dict[str, Any]]) -> dict[str, tuple[str, int]]:
    """Write entries and commit them. By document: the entry's path, and which passage of it the document is."""
    members: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in documents:
        members[f"session-{row['session']}" if "session" in row else str(row["id"])].append(row)
    folder = root / "journal" / "entries"
    folder.mkdir(parents=True)
    places: dict[str, tuple[str, int]] = {}
    for number, (name, rows) in enumerate(members.items()):
        date = day_of(rows[0].get("date"), number)
        path = folder / f"{date}-12-00-{number:05d}-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.md"
        title = name.replace("-", " ").capitalize() if "session" in rows[0] else " ".join(rows[0]["text"].split()[:6])
        front = f"---\ndate: {date}\ntitle: {json.dumps(title, ensure_ascii=False)}\ntags: []\n---\n\n"
        path.write_text(front + "\n".join(map(line_of, rows)) + "\n", encoding="utf-8")
        places |= {str(row["id"]): (path.relative_to(root).as_posix(), place) for place, row in enumerate(rows)}
    identity = ("-c", "user.name=t", "-c", "user.email=t@t")
    for arguments in (("init", "-q", "-b", "main"), ("add", "journal"), (*identity, "commit", "-qm", "journal")):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    return places


def day_of(written: str | None, number: int) -> str:
    """The day that a document names, as in "1:56 pm on 8 May, 2023", else one of its own."""
    if written:
        return datetime.strptime(written, "%I:%M %p on %d %B, %Y").date().isoformat()  # noqa: DTZ007 - a day, no moment
    return f"2024-{1 + number // 28 % 12:02d}-{1 + number % 28:02d}"


if __name__ == "__main__":
    main()
