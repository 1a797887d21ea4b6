"""Questions whose answers are known: journals made of the texts, and how well an order of hits answers.

A set is a file FOLDER/retrieval/NAME.jsonl.gz with one object a line. Documents: {"type": "doc", "conv", "id", "text"},
and where a conversation has sessions "session", "speaker" and "date". Questions: {"type": "query", "conv", "qid",
"question", "evidence"}, the ids of the documents that answer it.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

NAMES = ("locomo", "piaf", "faq")
LIMIT = 20  # hits of a question
_LONGEST = 12  # a hit of more lines points at no document
_WRITTEN_DAY = "%I:%M %p on %d %B, %Y"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question.

    Attributes:
        id: its own in all sets.
        conversation: where it is from.
        text: what is asked.
        answers: keys of the documents that answer it.
    """

    id: str
    conversation: str
    text: str
    answers: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Texts that make up one journal, and questions about them.

    Attributes:
        documents: key, which is the conversation and the id, -> row of the file.
        questions: those whose answers are all there.
        has_sessions: whether an entry is a session of many documents; else it is one document.
    """

    documents: Mapping[str, dict[str, Any]]
    questions: Sequence[Question]
    has_sessions: bool


class Spot(NamedTuple):
    """Where a document stands: path of the entry, relative to the repository, and line, counted from 1."""

    entry: str
    line: int


class Hit(NamedTuple):
    """A passage that a search answers with."""

    entry: str
    first_line: int
    last_line: int


class Figures(NamedTuple):
    """How good an order is, each 0 to 1."""

    recall_5: float
    recall_10: float
    mrr: float
    ndcg_10: float


def load(folder: Path, name: str) -> list[Conversation]:
    """The conversations of a set."""
    rows: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    with gzip.open(folder / "retrieval" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["type"] != "meta":
                rows[row["conv"]][row["type"]].append(row)
    return [_conversation(name, kinds["doc"], kinds["query"]) for name, kinds in rows.items()]


def pooled(conversations: Iterable[Conversation]) -> Conversation:
    """All conversations in one journal."""
    every = list(conversations)
    return Conversation(
        documents={key: row for one in every for key, row in one.documents.items()},
        questions=[question for one in every for question in one.questions],
        has_sessions=every[0].has_sessions,
    )


def write_journal(root: Path, conversation: Conversation) -> dict[str, Spot]:
    """Make a repository of a conversation, and commit it. Says where each document stands, by its key."""
    members: dict[tuple[str, str], list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for key, row in conversation.documents.items():
        members[row["conv"], f"s{row['session']}" if "session" in row else str(row["id"])].append((key, row))
    folder = root / "journal" / "entries"
    folder.mkdir(parents=True)
    spots: dict[str, Spot] = {}
    for number, ((_, name), rows) in enumerate(members.items()):
        day, hour = _moment(rows[0][1].get("date"), number)
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        path = folder / f"{day}-{hour}-{number:05d}-{slug}.md"
        title = f"Session {name[1:]}" if "session" in rows[0][1] else " ".join(rows[0][1]["text"].split()[:6])
        front = ["---", f"date: {day}", f"heure: {hour}", f"title: {json.dumps(title, ensure_ascii=False)}"]
        front += ["tags: []", "related: []", "---", ""]
        path.write_text("\n".join([*front, *(line_of(row) for _, row in rows)]) + "\n", encoding="utf-8")
        entry = path.relative_to(root).as_posix()
        spots |= {key: Spot(entry, len(front) + place) for place, (key, _) in enumerate(rows, 1)}
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for arguments in (("init", "-q", "-b", "main"), ("add", "journal"), (*identity, "commit", "-qm", "journal")):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    return spots


def line_of(row: Mapping[str, Any]) -> str:
    """A document as one line of Markdown."""
    text = " ".join(row["text"].split())
    return f"- **{row['speaker']}**: {text}" if "speaker" in row else text


def documents_hit(hits: Iterable[Hit], spots: Mapping[str, Spot]) -> list[str]:
    """Keys of the documents that some hits hold, in their order, each once."""
    keys = {spot: key for key, spot in spots.items()}
    lines = (
        Spot(hit.entry, line)
        for hit in hits
        if hit.last_line - hit.first_line < _LONGEST
        for line in range(hit.first_line, hit.last_line + 1)
    )
    return list(dict.fromkeys(keys[spot] for spot in lines if spot in keys))


def score(ranked: Sequence[Any], wanted: Iterable[Any]) -> Figures:
    """How good an order of entries or documents is, of which `LIMIT` count."""
    right = frozenset(wanted)
    hits = [one in right for one in ranked[:LIMIT]]
    first = next((1 / place for place, hit in enumerate(hits, 1) if hit), 0.0)
    gain = sum(hit / math.log2(place + 1) for place, hit in enumerate(hits[:10], 1))
    ideal = sum(1 / math.log2(place + 1) for place in range(1, min(10, len(right)) + 1))
    return Figures(sum(hits[:5]) / len(right), sum(hits[:10]) / len(right), first, gain / ideal)


def mean(figures: Sequence[Figures]) -> Figures:
    """The mean of each figure."""
    return Figures(*(sum(column) / len(figures) for column in zip(*figures, strict=True)))


def _conversation(name: str, documents: Iterable[dict[str, Any]], queries: Iterable[dict[str, Any]]) -> Conversation:
    known = {f"{name} {row['id']}": row for row in documents}
    questions = [
        Question(
            id=f"{name} {row['qid']}",
            conversation=name,
            text=row["question"],
            answers=frozenset(f"{name} {id_}" for id_ in row["evidence"]),
        )
        for row in queries
    ]
    return Conversation(
        documents=known,
        questions=[one for one in questions if one.answers and one.answers <= known.keys()],
        has_sessions=any("session" in row for row in known.values()),
    )


def _moment(written: str | None, number: int) -> tuple[str, str]:
    """Day and hour that a document names, as in "1:56 pm on 8 May, 2023"; else a day by its number."""
    if written:
        moment = datetime.strptime(written, _WRITTEN_DAY)  # noqa: DTZ007 (goes into front matter, which names no zone)
        return f"{moment:%Y-%m-%d}", f"{moment:%H-%M}"
    return f"2024-{1 + number // 28 % 12:02d}-{1 + number % 28:02d}", "12-00"
