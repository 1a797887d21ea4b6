"""Merges whose right answer is known: a base, edits of both sides, and what they must become.

    python benchmarks/gold.py [--cases 100000] [--seed 1]

Edits of different keys, sections or far lines must merge to exactly the text with all of them; edits of the same place
must be conflicts, but for tags, which never are. Prints one JSON object: how many cases there were of each kind, and
how many of each fault, which must all be 0. Exits with 1 where one is not; `seeds` are then of the first such cases.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field

from sync.merge.entry import merge_entry

WORDS = ["alpha", "beta", "gamma", "delta", "eta", "iota", "kappa", "lambda", "omega", "sigma", "théta", "zeta"]
FAULTS = ("lost_edits", "wrong", "unclean_disjoint", "clean_overlapping", "asymmetric")
FAR = 3  # lines that edits of one section stand apart, at least


@dataclass
class Draft:
    """An entry before it is text: values of its keys, lines of its sections."""

    scalars: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    people: list[dict[str, str]] = field(default_factory=list)
    meta: dict[str, str] = field(default_factory=dict)
    sections: dict[str, list[str]] = field(default_factory=dict)
    flow: bool = True

    @property
    def text(self) -> str:
        """The entry."""
        front = "".join(f"{key}: {value}\n" for key, value in self.scalars.items())
        items = "".join(f"- {tag}\n" for tag in self.tags)
        front += f"tags: [{', '.join(self.tags)}]\n" if self.flow or not items else f"tags:\n{items}"
        front += "people:\n" + "".join(f"  - id: {one['id']}\n    role: {one['role']}\n" for one in self.people)
        front += "meta:\n" + "".join(f"  {key}: {value}\n" for key, value in self.meta.items())
        body = "".join(
            f"\n## {heading}\n\n" + "".join(f"{line}\n" for line in lines) for heading, lines in self.sections.items()
        )
        return f"---\n{front}---\n{body}"


@dataclass(frozen=True)
class Edit:
    """One edit.

    Attributes:
        place: what it changes; edits of different places do not meet.
        apply: makes it, in a draft; twice gives the same as once.
        mark: a word that the edit, and nothing else, brings; empty where it takes something away.
    """

    place: str
    apply: Callable[[Draft], None]
    mark: str = ""


def make_draft(chance: random.Random) -> Draft:
    """An entry with some of everything."""
    words = chance.sample(WORDS, len(WORDS))
    return Draft(
        scalars={f"key{number}": chance.choice(WORDS) for number in range(chance.randint(2, 6))},
        tags=words[: chance.randint(2, 6)],
        people=[{"id": one, "role": chance.choice(WORDS)} for one in words[: chance.randint(2, 4)]],
        meta={one: chance.choice(WORDS) for one in words[: chance.randint(2, 4)]},
        sections={
            heading: [f"{heading} {number} {chance.choice(WORDS)}" for number in range(chance.randint(2, 12))]
            for heading in words[: chance.randint(2, 5)]
        },
        flow=chance.random() < 0.5,
    )


def make_edit(chance: random.Random, draft: Draft, mark: str) -> Edit:
    """An edit of a random place."""
    kind = chance.choice(["scalar", "new key", "tag", "old tag", "person", "leaf", "line", "new line", "section"])
    if kind == "scalar":
        key = chance.choice(list(draft.scalars))
        return Edit(f"key {key}", lambda made: made.scalars.update({key: mark}), mark)
    if kind == "new key":  # the first keys are never removed, so the place behind the last one is the same for both
        return Edit(f"new {mark}", lambda made: _add_key(made, mark), mark)
    if kind == "tag":
        return Edit(f"tag {mark}", lambda made: _add_tag(made, draft, mark), mark)
    if kind == "old tag":
        tag = chance.choice(draft.tags)
        return Edit(f"tag {tag}", lambda made: _remove_tag(made, tag))
    if kind == "person":
        place = chance.randrange(len(draft.people))
        return Edit(f"person {place}", lambda made: made.people[place].update(role=mark), mark)
    if kind == "leaf":
        leaf = chance.choice(list(draft.meta))
        return Edit(f"leaf {leaf}", lambda made: made.meta.update({leaf: mark}), mark)
    heading = chance.choice(list(draft.sections))
    if kind == "section":
        return Edit(f"section {heading}", lambda made: made.sections[heading].__setitem__(slice(None), [mark]), mark)
    lines = draft.sections[heading]
    at = chance.randrange(len(lines))
    if kind == "new line":
        return Edit(f"line {heading} {at}", lambda made: _add_line(made.sections[heading], lines[at], mark), mark)
    return Edit(f"line {heading} {at}", lambda made: _replace_line(made.sections[heading], lines[at], mark), mark)


def _add_key(made: Draft, mark: str) -> None:
    new = sorted([*(key for key in made.scalars if not key.startswith("key")), mark])
    made.scalars = {key: value for key, value in made.scalars.items() if key.startswith("key")}
    made.scalars.update(dict.fromkeys(new, mark))
    made.scalars = {key: key if key in new else value for key, value in made.scalars.items()}


def _add_tag(made: Draft, base: Draft, mark: str) -> None:
    old = [tag for tag in made.tags if tag in base.tags]
    made.tags = old + sorted({*made.tags, mark} - set(old))


def _remove_tag(made: Draft, tag: str) -> None:
    made.tags = [one for one in made.tags if one != tag]


def _add_line(lines: list[str], behind: str, mark: str) -> None:
    at = next((index for index, line in enumerate(lines) if line == behind), None)
    if at is not None and mark not in lines:
        lines.insert(at + 1, mark)


def _replace_line(lines: list[str], old: str, mark: str) -> None:
    lines[:] = [mark if line == old else line for line in lines]


def meet(one: Edit, other: Edit) -> bool | None:
    """Whether two edits are of the same place; None where they are near each other, and either answer would do."""
    kinds = {edit.place.split()[0] for edit in (one, other)}
    if kinds <= {"line", "section"}:
        parts = [edit.place.split() for edit in (one, other)]
        if parts[0][1] != parts[1][1]:
            return False
        if "section" in kinds:
            return None if len(kinds) > 1 else True
        apart = abs(int(parts[0][2]) - int(parts[1][2]))
        return True if apart == 0 else None if apart < FAR else False
    return one.place == other.place


def check(seed: int) -> str:
    """The fault of one case, or its kind where there is none; `skipped` where its answer is open."""
    chance = random.Random(seed)
    base = make_draft(chance)
    edits = [[make_edit(chance, base, f"m{side}{number}q") for number in range(chance.randint(1, 4))] for side in "ot"]
    met = [meet(one, other) for one in edits[0] for other in edits[1]]
    own = [meet(one, other) for side in edits for one in side for other in side if one is not other]
    if any(near is not False for near in own) or None in met:
        return "skipped"
    drafts = [deepcopy(base) for _ in range(3)]
    for made, chosen in zip(drafts, (edits[0], edits[1], [*edits[0], *edits[1]]), strict=True):
        for edit in chosen:
            edit.apply(made)
    ours, theirs, wanted = (made.text for made in drafts)
    merged = merge_entry(base.text, ours, theirs)[0]
    if merged != merge_entry(base.text, theirs, ours)[0]:
        return "asymmetric"
    if any(meet(one, other) and not one.place.startswith("tag") for one in edits[0] for other in edits[1]):
        return "overlapping" if merged is None else "clean_overlapping"
    if merged is None:
        return "unclean_disjoint"
    if any(edit.mark not in merged for side in edits for edit in side):
        return "lost_edits"
    return "disjoint" if merged == wanted else "wrong"


def main() -> int:
    """Run the cases and print what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000, help="how many cases")
    parser.add_argument("--seed", type=int, default=1, help="of the first case")
    arguments = parser.parse_args()
    start = time.perf_counter()
    found: Counter[str] = Counter()
    seeds: dict[str, list[int]] = {}
    seed = arguments.seed * 10_000_000
    while found["cases"] < arguments.cases:
        fault = check(seed)
        if fault != "skipped":
            found["cases"] += 1
            found[fault] += 1
            if fault in FAULTS and len(seeds.setdefault(fault, [])) < 5:
                seeds[fault].append(seed)
        seed += 1
    counts = {name: found[name] for name in FAULTS}
    kinds = {name: found[name] for name in ("cases", "disjoint", "overlapping")}
    taken = round(time.perf_counter() - start, 1)
    print(json.dumps({**kinds, **counts, "seconds": taken, "seeds": seeds}))
    return 1 if any(counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
