"""Laws of three-way merging: they hold for every entry and every pair of edits, not for the examples alone.

The numbers are those under which the laws were collected: 1 identity, 2 symmetry, 6 no edit of one side is lost,
7 nothing is invented, 8 unknown keys, 21 what comes out is well formed, 22 determinism, 23 hostile input.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sync.document import frontmatter, yaml12
from sync.document.entry import TEXT_KEYS
from sync.merge.decision import Action, Decision, is_clean, taking
from sync.merge.diff import diff
from sync.merge.diff3 import Kind, diff3
from sync.merge.entry import merge_entry, merge_texts
from sync.merge.lines import merge_lines, split_lines

MANY = settings(max_examples=300)
SOME = settings(max_examples=150)

# --- entries and edits as data ----------------------------------------------------------------------------------------

WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "été", "no", "1.10", "10:30", "a: b", "x #y", "'q'")
PLAIN = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "été")
DAYS = ("2025-04-01", "2025-04-05", "2025-04-05T10:00:00Z", "2025-04-06T00:30:00+02:00", "2025-04-07T08:00")
NAMES = {
    "title": "text",
    "mood": "text",
    "v1.x": "text",
    "type": "text",
    "tags": "set",
    "related": "set",
    "aliases": "list",
    "people": "people",
    "meta": "map",
    "note": "block",
    "updated": "machine",
    "date": "day",
}


@dataclass(frozen=True)
class Key:
    """A value and how it is written."""

    value: Any
    style: str = ""
    above: str = ""
    behind: str = ""


@dataclass(frozen=True)
class Doc:
    """An entry as a model: keys in order, sections in order."""

    keys: Mapping[str, Key] = field(default_factory=dict)
    sections: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        return {name: key.value for name, key in self.keys.items()}

    @property
    def text(self) -> str:
        front = "".join(write(name, key) for name, key in self.keys.items())
        body = "".join(
            f"\n## {heading}\n\n" + "".join(f"{line}\n" for line in lines) for heading, lines in self.sections
        )
        return f"---\n{front}---\n{body}"


def scalar(value: str, style: str) -> str:
    if style == "single" or (style != "double" and value not in PLAIN + DAYS):
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=False) if style == "double" else value


def write(name: str, key: Key) -> str:
    above, behind = (f"# {key.above}\n" if key.above else ""), (f"  # {key.behind}" if key.behind else "")
    kind, value = NAMES[name], key.value
    if kind in ("set", "list") and (key.style == "flow" or not value):
        return f"{above}{name}: [{', '.join(scalar(one, '') for one in value)}]{behind}\n"
    if kind in ("set", "list"):
        indent = "  " if key.style == "indented" else ""
        return f"{above}{name}:{behind}\n" + "".join(f"{indent}- {scalar(one, '')}\n" for one in value)
    if kind == "people":
        items = "".join("  - " + "    ".join(f"{k}: {scalar(v, '')}\n" for k, v in one.items()) for one in value)
        return f"{above}{name}:{behind}\n{items}" if value else f"{above}{name}: []\n"
    if kind == "map":
        inner = "".join(f"  {k}: {scalar(v, '')}\n" for k, v in value.items())
        return f"{above}{name}:{behind}\n{inner}" if value else f"{above}{name}: {{}}\n"
    if kind == "block":
        return f"{above}{name}: |\n" + "".join(f"  {line}\n" for line in value.splitlines())
    return f"{above}{name}: {scalar(value, key.style)}{behind}\n"


words, plain = st.sampled_from(WORDS), st.sampled_from(PLAIN)
people = st.lists(
    st.fixed_dictionaries({"id": plain, "role": words}, optional={"city": words}),
    max_size=4,
    unique_by=lambda one: one["id"],
)
OF_KIND: dict[str, st.SearchStrategy[Any]] = {
    "text": words,
    "set": st.lists(words, max_size=5, unique=True),
    "list": st.lists(words, max_size=5),
    "people": people,
    "map": st.dictionaries(plain, words, max_size=4),
    "block": st.lists(plain, min_size=1, max_size=4).map(lambda lines: "".join(f"{line}\n" for line in lines)),
    "machine": st.sampled_from(DAYS),
    "day": st.sampled_from(DAYS),
}
STYLES = {"set": ("flow", "block", "indented"), "list": ("flow", "block"), "text": ("", "single", "double")}
comments = st.sampled_from(["", "", "", "why", "see below"])


@st.composite
def keys(draw: st.DrawFn, name: str) -> Key:
    kind = NAMES[name]
    return Key(draw(OF_KIND[kind]), draw(st.sampled_from(STYLES.get(kind, ("",)))), draw(comments), draw(comments))


LINES = ("one", "two", "three", "- item", "- other", "", "```", "# no heading", "long text of a line")
sections = st.tuples(plain, st.lists(st.sampled_from(LINES), max_size=6).map(tuple))


@st.composite
def docs(draw: st.DrawFn) -> Doc:
    names = draw(st.permutations(sorted(NAMES)))[: draw(st.integers(1, 8))]
    return Doc({name: draw(keys(name)) for name in names}, tuple(draw(st.lists(sections, max_size=4))))


def edit_list(draw: st.DrawFn, items: list[Any], new: st.SearchStrategy[Any]) -> list[Any]:
    at: int = draw(st.integers(0, len(items)))
    removes: bool = draw(st.booleans())
    if items and removes:
        return items[: at - 1] + items[at:] if at else items[1:]
    return [*items[:at], draw(new), *items[at:]]


def edit_value(draw: st.DrawFn, kind: str, value: Any) -> Any:
    if kind == "set":
        return list(dict.fromkeys(edit_list(draw, value, words)))
    if kind == "list":
        return edit_list(draw, value, words)
    if kind == "people" and value:
        at = draw(st.integers(0, len(value) - 1))
        what = draw(st.sampled_from(["role", "remove", "add", "move"]))
        if what == "role":
            return [*value[:at], {**value[at], "role": draw(words)}, *value[at + 1 :]]
        rest = value[:at] + value[at + 1 :]
        if what == "move":
            to = draw(st.integers(0, len(rest)))
            return [*rest[:to], value[at], *rest[to:]]
        fresh = draw(people.filter(bool))[0]
        return rest if what == "remove" or any(fresh["id"] == one["id"] for one in value) else [*value, fresh]
    if kind == "map" and value:
        name = draw(st.sampled_from(sorted(value)))
        return {**value, name: draw(words)} if draw(st.booleans()) else {k: v for k, v in value.items() if k != name}
    return draw(OF_KIND[kind])


@st.composite
def edited(draw: st.DrawFn, doc: Doc) -> Doc:
    """The document after some edits, as one side makes them."""
    for _ in range(draw(st.integers(0, 4))):
        what = draw(st.sampled_from(["value", "value", "add", "remove", "style", "comment", "order", "body", "body"]))
        name = draw(st.sampled_from(sorted(doc.keys))) if doc.keys else ""
        if what == "body" or not name:
            doc = replace(doc, sections=draw(edited_sections(doc.sections)))
        elif what == "add":
            new = draw(st.sampled_from(sorted(NAMES)))
            places = list(doc.keys.items())
            at = draw(st.integers(0, len(places)))
            if new not in doc.keys:
                doc = replace(doc, keys=dict([*places[:at], (new, draw(keys(new))), *places[at:]]))
        elif what == "remove":
            doc = replace(doc, keys={key: held for key, held in doc.keys.items() if key != name})
        elif what == "order":
            doc = replace(doc, keys={**{k: v for k, v in doc.keys.items() if k != name}, name: doc.keys[name]})
        else:
            held = doc.keys[name]
            if what == "value":
                held = replace(held, value=edit_value(draw, NAMES[name], held.value))
            elif what == "style":
                held = replace(held, style=draw(st.sampled_from(STYLES.get(NAMES[name], ("",)))))
            else:
                held = replace(held, above=draw(comments), behind=draw(comments))
            doc = replace(doc, keys={**doc.keys, name: held})
    return doc


@st.composite
def edited_sections(draw: st.DrawFn, old: tuple[Any, ...]) -> tuple[Any, ...]:
    at = draw(st.integers(0, max(len(old) - 1, 0)))
    what = draw(st.sampled_from(["line", "line", "add", "remove", "move", "rename"]))
    if what == "add" or not old:
        return (*old[:at], draw(sections), *old[at:])
    (heading, lines), rest = old[at], old[:at] + old[at + 1 :]
    if what == "remove":
        return rest
    if what == "move":
        to = draw(st.integers(0, len(rest)))
        return (*rest[:to], old[at], *rest[to:])
    if what == "rename":
        return (*old[:at], (draw(plain), lines), *old[at + 1 :])
    changed = tuple(edit_list(draw, list(lines), st.sampled_from(LINES)))
    return (*old[:at], (heading, changed), *old[at + 1 :])


@st.composite
def triples(draw: st.DrawFn) -> tuple[Doc, Doc, Doc]:
    base = draw(docs())
    return base, draw(edited(base)), draw(edited(base))


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, str, str]:
    """Three texts: of entries, with one odd form or another."""
    found = [doc.text for doc in draw(triples())]
    for index, form in enumerate(draw(st.lists(st.sampled_from(FORMS), min_size=3, max_size=3))):
        found[index] = form(found[index])
    return found[0], found[1], found[2]


FORMS: tuple[Callable[[str], str], ...] = (
    *[lambda text: text] * 6,
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.replace("\n", "\r"),
    lambda text: "\ufeff" + text,
    lambda text: text.removesuffix("\n"),
    lambda text: text.replace("\n", "\r\n", 3),
    lambda text: text.split("---\n", 2)[-1],
    lambda text: text.replace("---\n", "--- \n"),
    lambda text: text.replace("---\n", "+++\n"),
    lambda text: text.replace("---\n", "", 1),
    lambda text: text.replace("\n", "\n\ttab\n", 1),
)


# --- what has to be so ------------------------------------------------------------------------------------------------

ABSENT = object()


def wanted_value(name: str, base: Any, ours: Any, theirs: Any) -> Any:
    """The merged value of a key as the table of rules has it; Conflict where a person decides, None if it is open."""
    if theirs in (ours, base):
        return ours
    if ours == base:
        return theirs
    kind = NAMES[name]
    if kind == "set":
        old, one, other = ([] if side is ABSENT else side for side in (base, ours, theirs))
        kept = [item for item in old if item in one and item in other]
        found = kept + sorted({*one, *other} - {*old})
        return ABSENT if not found and ABSENT in (ours, theirs) else found
    if kind == "map" and ABSENT not in (ours, theirs):
        old = {} if base is ABSENT else base
        leaves = {
            leaf: wanted_value("mood", *(side.get(leaf, ABSENT) for side in (old, ours, theirs)))
            for leaf in {**old, **ours, **theirs}
        }
        return Conflict if Conflict in leaves.values() else {k: v for k, v in leaves.items() if v is not ABSENT}
    return Open if kind in ("list", "people", "machine", "day") else Conflict


class Conflict:
    """Both sides changed it, differently."""


class Open:
    """What the model leaves to other tests."""


def front_of(text: str) -> dict[str, Any]:
    block = frontmatter.find_block(text)
    return dict(yaml12.load(text[block.start : block.end], as_text=TEXT_KEYS)) if block else {}


def said(text: str) -> Counter[str]:
    """The lines of a text that say something, by how often they occur."""
    return Counter(line.strip() for line in text.splitlines() if re.search(r"\w", line))


@SOME
@given(texts())
def test_1_merging_what_one_side_left_alone_gives_the_other_side_byte_for_byte(sides: tuple[str, str, str]) -> None:
    for base in sides:
        for side in sides:
            merged = (
                merge_entry(base, side, base)[0],
                merge_entry(base, base, side)[0],
                merge_entry(base, side, side)[0],
            )
            assert merged == (side, side, side)


@MANY
@given(texts())
def test_2_exchanging_the_sides_changes_no_byte_and_mirrors_the_decisions(sides: tuple[str, str, str]) -> None:
    base, ours, theirs = sides
    for start in (base, None):
        text, decisions = merge_entry(start, ours, theirs)
        mirrored, exchanged = merge_entry(start, theirs, ours)
        assert (text, list(decisions)) == (mirrored, [mirror(one) for one in exchanged])


MIRROR = {Action.OURS: Action.THEIRS, Action.THEIRS: Action.OURS}


def mirror(decision: Decision) -> Decision:
    return replace(
        decision, action=MIRROR.get(decision.action, decision.action), ours=decision.theirs, theirs=decision.ours
    )


@MANY
@given(triples())
def test_6_a_clean_merge_has_the_values_that_the_rules_give(sides: tuple[Doc, Doc, Doc]) -> None:
    base, ours, theirs = sides
    merged = merge_entry(base.text, ours.text, theirs.text)[0]
    assume(merged is not None)
    assert merged is not None
    found = front_of(merged)
    for name in {**base.values, **ours.values, **theirs.values}:
        wanted = wanted_value(name, *(side.values.get(name, ABSENT) for side in sides))
        assert wanted is Open or found.get(name, ABSENT) == wanted, name


@MANY
@given(triples())
def test_6_what_both_sides_changed_differently_is_never_merged(sides: tuple[Doc, Doc, Doc]) -> None:
    base, ours, theirs = sides
    names = {**base.values, **ours.values, **theirs.values}
    wanted = [wanted_value(name, *(side.values.get(name, ABSENT) for side in sides)) for name in names]
    assert Conflict not in wanted or merge_entry(base.text, ours.text, theirs.text)[0] is None


@MANY
@given(triples())
def test_6_a_clean_merge_keeps_every_comment_and_line_of_one_side(sides: tuple[Doc, Doc, Doc]) -> None:
    base, ours, theirs = (side.text for side in sides)
    merged = merge_entry(base, ours, theirs)[0]
    assume(merged is not None)
    assert merged is not None
    before, one, other, after = (body_lines(text) for text in (base, ours, theirs, merged))
    for line in {*before, *one, *other, *after}:
        plus, minus = one[line] - before[line], other[line] - before[line]
        low = before[line] + (max(plus, minus) if plus > 0 < minus else plus + minus)
        assert after[line] >= low, line


def body_lines(text: str) -> Counter[str]:
    block = frontmatter.find_block(text)
    lines = said(text[block.body_start :] if block else text)
    return lines + Counter(line.strip() for line in text.splitlines() if line.startswith(("# why", "# see")))


@MANY
@given(texts())
def test_7_every_line_of_a_clean_merge_stands_on_a_side_but_for_lists(sides: tuple[str, str, str]) -> None:
    merged = merge_entry(*sides)[0]
    assume(merged is not None)
    assert merged is not None
    new = bare_lines(merged) - {line for side in sides for line in bare_lines(side)}
    assert all(re.match(r"(?:tags|related|aliases):|- |  - |  \[\]$", line) for line in new), new


def bare_lines(text: str) -> set[str]:
    """The lines of a text, without comments behind values: those are merged apart."""
    return {re.sub(r"  # (?:why|see below)$", "", line.rstrip()) for line in text.lstrip("\ufeff").splitlines()}


@SOME
@given(triples(), st.text("abcdefgh", min_size=3), st.lists(words, min_size=1, max_size=3))
def test_8_keys_that_nobody_knows_are_never_dropped(sides: tuple[Doc, Doc, Doc], name: str, value: list[str]) -> None:
    line = f"x-{name}: {json.dumps(value, ensure_ascii=False)}\n"
    with_key = [side.text.replace("---\n", f"---\n{line}", 1) for side in sides]
    merged = merge_entry(*with_key)[0]
    assert merged is None or front_of(merged)[f"x-{name}"] == value


@MANY
@given(triples())
def test_21_a_clean_merge_of_entries_is_an_entry(sides: tuple[Doc, Doc, Doc]) -> None:
    merged = merge_entry(*(side.text for side in sides))[0]
    assume(merged is not None)
    assert merged is not None
    block = frontmatter.find_block(merged)
    assert block is not None
    tree = yaml.compose(merged[block.start : block.end])
    names = [key.value for key, _ in tree.value] if tree is not None else []
    assert (len(names), re.search(r"^(?:<{7}|>{7}|={7}$)", merged, re.M)) == (len(set(names)), None)


@SOME
@given(triples())
def test_21_a_merge_that_is_not_clean_says_where_and_keeps_all_three_texts(sides: tuple[Doc, Doc, Doc]) -> None:
    base, ours, theirs = (side.text for side in sides)
    merged = merge_texts(base, ours, theirs)
    conflicts = [one for one in merged.decisions if one.action is Action.CONFLICT]
    assert bool(conflicts) == (merged.text is None)
    for conflict in conflicts:
        kept = (conflict.base or "", base), (conflict.ours or "", ours), (conflict.theirs or "", theirs)
        assert all(part in whole for part, whole in kept)


def test_22_the_same_texts_give_the_same_bytes_whatever_the_hash_seed() -> None:
    program = (
        "from sync.merge.entry import merge_entry\n"
        "front = '---\\ntags: [{}]\\npeople:\\n{}---\\n# T\\n'\n"
        "one, two = '- id: b\\n  x: 1\\n', '- id: a\\n  x: 1\\n'\n"
        "print(merge_entry(front.format('m, z', ''), front.format('m, z, q, c', one), front.format('z, é, a, p', two)))"
    )
    root = Path(__file__).parents[2]
    answers = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True, text=True, check=True, encoding="utf-8",
        ).stdout
        for seed in ("0", "1", "2", "3")
    }  # fmt: skip
    assert len(answers) == 1


# --- 23: hostile input ------------------------------------------------------------------------------------------------

LONG = "x" * 1_000_000
MANY_LINES = [f"line {number % 5000}\n" for number in range(20_000)]
HOSTILE = {
    "anchors": (
        "---\na: &x [1]\nb: *x\n---\n",
        "---\na: &x [1, 2]\nb: *x\n---\n",
        "---\na: &x [1]\nb: *x\nc: 1\n---\n",
    ),
    "bombs": tuple(
        f"---\na: &a [{word}]\n"
        + "".join(f"{k}: &{k} [{', '.join([f'*{p}'] * 9)}]\n" for p, k in zip("abcdefgh", "bcdefghi", strict=True))
        + "---\n"
        for word in ("x", "y", "z")
    ),
    "rules in scalars": (
        "---\na: |\n  ---\nb: 1\n---\n",
        "---\na: |\n  ---\nb: 2\n---\n",
        "---\na: |\n  ...\nb: 1\n---\n",
    ),
    "unclosed": ("---\na: 1\n", "---\na: 2\n", "---\na: 1\nb: 1\n"),
    "toml": ("+++\na = 1\n+++\n", "+++\na = 2\n+++\n", "+++\na = 1\nb = 1\n+++\n"),
    "twice": ("---\na: 1\na: 2\n---\n", "---\na: 1\na: 3\n---\n", "---\na: 4\na: 2\n---\n"),
    "tabs": ("---\na:\n\t- 1\n---\n", "---\na:\n\t- 2\n---\n", "---\na:\n\t- 1\n\t- 3\n---\n"),
    "nul": ("---\na: \0\n---\n\0\n", "---\na: \0\n---\n\0\n1\n", "---\na: 2\n---\n\0\n"),
    "surrogates": ("---\na: \ud800\n---\n", "---\na: \ud801\n---\n", "---\na: \ud800\nb: 1\n---\n"),
    "deep": tuple("---\na: " + "[" * 3000 + word + "]" * 3000 + "\n---\n" for word in "xyz"),
    "deep maps": tuple(
        "---\n" + "".join(" " * n + "a:\n" for n in range(90)) + " " * 90 + word + "\n---\n" for word in "xyz"
    ),
    "one long line": (f"a\n{LONG}\n", f"b\n{LONG}\n", f"a\n{LONG}y\n"),
    "a long heading": (f"# {' ' * 500_000}x\n", f"# {' ' * 500_000}y\n", f"# {' # ' * 200_000}x\n"),
    "many fences": ("```\n" * 20_000, "```\n" * 20_001, "~~~\n" + "```\n" * 20_000),
    "many headings": tuple("".join(f"# h{n}\n{word if n % 3 else n}\n" for n in range(10_000)) for word in "xyz"),
    "many lines": (
        "".join(MANY_LINES),
        "".join(reversed(MANY_LINES)),
        "".join(sorted(MANY_LINES)),
    ),
    "all lines changed": tuple("".join(f"{word} {n}\n" for n in range(20_000)) for word in "xyz"),
    "empty lines": ("\n" * 20_000, "\n" * 19_000 + "x\n", "y\n" + "\n" * 21_000),
    "every other line": (
        "".join(f"{n}\n\n" for n in range(10_000)),
        "".join(f"{n}\n\n" if n % 2 else f"o{n}\n\n" for n in range(10_000)),
        "".join(f"{n}\n\n" if n % 3 else f"t{n}\n\n" for n in range(10_000)),
    ),
    "many keys": tuple(
        "---\n" + "".join(f"k{n}: {word if n % 7 else n}\n" for n in range(5_000)) + "---\n" for word in "xyz"
    ),
    "a long list": tuple(f"---\ntags: [{', '.join(f'{word}{n}' for n in range(5_000))}]\n---\n" for word in "xyz"),
    "marks of changes": (
        "<<<<<<< ours\n=======\n>>>>>>>\n",
        "<<<<<<< ours\n=======\n>>>>>>> x\n",
        "<<<<<<< a\n=======\n>>>>>>>\n",
    ),
}


@pytest.mark.parametrize("sides", HOSTILE.values(), ids=HOSTILE)
def test_23_whatever_the_texts_are_merging_them_ends_and_is_symmetric(sides: tuple[str, str, str]) -> None:
    base, ours, theirs = sides
    assert merge_entry(base, ours, theirs)[0] == merge_entry(base, theirs, ours)[0]
    assert merge_entry(None, ours, theirs)[0] == merge_entry(None, theirs, ours)[0]


@MANY
@given(st.tuples(*[st.text(st.sampled_from("a#-:[]{}&*!|>'\"%@`,?\t\r\n \\\0\x85\u2028\ufeffé~+="), max_size=40)] * 3))
def test_23_any_three_texts_merge_the_same_from_both_sides(sides: tuple[str, str, str]) -> None:
    for wrap in ("{}", "---\n{}\n---\n", "---\na: 1\n{}\n---\nb\n"):
        base, ours, theirs = (wrap.format(side) if wrap == "{}" else wrap.replace("{}", side) for side in sides)
        assert merge_entry(base, ours, theirs)[0] == merge_entry(base, theirs, ours)[0]
        assert merge_entry(base, ours, base)[0] == ours


# --- sequences --------------------------------------------------------------------------------------------------------

letters = st.lists(st.sampled_from("abcdef"), max_size=12)


@MANY
@given(letters, letters)
def test_the_hunks_of_a_diff_turn_one_sequence_into_the_other(old: list[str], new: list[str]) -> None:
    found, place = [], 0
    for start, end, new_start, new_end in diff(old, new):
        found += old[place:start] + new[new_start:new_end]
        place = end
    assert found + old[place:] == new


@MANY
@given(letters, letters)
def test_a_diff_is_the_shortest(old: list[str], new: list[str]) -> None:
    lengths = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for row, one in enumerate(old):
        for column, other in enumerate(new):
            longest = max(lengths[row][column + 1], lengths[row + 1][column])
            lengths[row + 1][column + 1] = lengths[row][column] + 1 if one == other else longest
    kept = len(old) - sum(hunk.end - hunk.start for hunk in diff(old, new))
    assert kept == lengths[-1][-1]


@MANY
@given(letters, letters, letters)
def test_the_regions_of_a_merge_cover_all_three_sequences(base: list[str], ours: list[str], theirs: list[str]) -> None:
    regions = diff3(base, ours, theirs)
    covered: list[list[str]] = [[], [], []]
    for one in regions:
        covered[0] += base[one.base_start : one.base_end]
        covered[1] += ours[one.ours_start : one.ours_end]
        covered[2] += theirs[one.theirs_start : one.theirs_end]
        same = base[one.base_start : one.base_end] == ours[one.ours_start : one.ours_end]
        assert same or one.kind not in (Kind.SAME, Kind.THEIRS)
    assert covered == [base, ours, theirs]


def test_lines_merge_as_git_merges_them(tmp_path: Path) -> None:
    """Git is the oracle: clean for both is the same bytes; one clean and one not is rare, and counted."""
    chance = random.Random(20250405)
    names = [tmp_path / name for name in ("ours", "base", "theirs")]
    disagreements = different = 0
    for _ in range(400):
        base = [chance.choice("abcdefgh") * 3 + "\n" for _ in range(chance.randint(0, 25))]
        sides = [edited_lines(chance, base) for _ in range(2)]
        texts = ["".join(lines) for lines in (sides[0], base, sides[1])]
        for path, text in zip(names, texts, strict=True):
            path.write_text(text, encoding="utf-8")
        command = ["git", "merge-file", "-p", "--diff3", *map(str, names)]
        git = subprocess.run(command, capture_output=True, text=True, check=False)
        found = merge_lines(texts[1], texts[0], texts[2])
        disagreements += is_clean(found) != (git.returncode == 0)
        different += is_clean(found) and git.returncode == 0 and taking(found, "ours") != git.stdout
    assert (different, disagreements <= 12) == (0, True), (different, disagreements)


def edited_lines(chance: random.Random, lines: list[str]) -> list[str]:
    found = list(lines)
    for _ in range(chance.randint(0, 3)):
        at = chance.randint(0, len(found))
        found[at : at + chance.randint(0, 2)] = [
            chance.choice("ijklmnab") * 3 + "\n" for _ in range(chance.randint(0, 2))
        ]
    return found


@SOME
@given(st.text(st.sampled_from("ab\n\r\x0b\x85\u2028"), max_size=20))
def test_lines_joined_are_the_text_and_only_a_line_feed_ends_one(text: str) -> None:
    lines = split_lines(text)
    assert ("".join(lines), [line for line in lines if "\n" in line[:-1]]) == (text, [])
