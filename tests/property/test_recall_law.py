"""The law of recall: what is only formatted anew is recognised, what has one word of its own never is."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Callable
from html import escape

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sync.document.entry import Entry, parse_entry
from sync.search.hit import Hit
from sync.search.provenance import provenances_in, render_passage, without_provenance
from sync.search.recall import (
    Origin,
    hit_fingerprints,
    known_in,
    origin_of,
    prints_of,
)

PREFIX = "[JOURNAL DE BORD]"
OWN = "zygote"  # in no vocabulary below
VOCABULARY = (
    "le journal est tenu en français été où déjà l'encodage UTF-8 pre-commit v1.2 scripts need the build hook "
    "memory_manager AugmentIntegration 42 never always fails because of dans la base"
).split()
words = st.sampled_from(VOCABULARY)
sentences = st.lists(words, min_size=8, max_size=14).map(lambda some: f"{' '.join(some)} and nothing else".capitalize())
ends = st.sampled_from([".", "!", " …"])
paragraphs = st.lists(st.tuples(sentences, ends).map("".join), min_size=1, max_size=3)
passages = st.lists(paragraphs, min_size=1, max_size=4)


def hit_of(text: str, entry: str = "journal/entries/a.md") -> Hit:
    return Hit(
        entry=entry, id="a", title="A title", date="", tags=(), headings=("Lessons",), text=text, before="", after="",
        first_line=5, last_line=9, commit="1a2b3c4d", score=1.0,
    )  # fmt: skip


def known_of(*texts: str) -> dict[str, list[Origin]]:
    prints = (one for text in texts for one in hit_fingerprints(hit_of(text), prefix=PREFIX))
    return {one: [Origin(entry="journal/entries/a.md", line=5)] for one in prints}


def is_known(text: str, *handed_out: str) -> bool:
    return origin_of(prints_of(text, prefix=PREFIX), known_of(*handed_out)) is not None


def markdown(passage: list[list[str]]) -> str:
    """A passage as a list, one item a paragraph."""
    return "\n".join(f"- {' '.join(some)}" for some in passage)


def changed(mark: Callable[[str], str]) -> Callable[[list[list[str]]], str]:
    return lambda passage: "\n\n".join(mark(" ".join(some)) for some in passage)


def emphasised(text: str) -> str:
    return " ".join(
        f"**{word}**" if word.isalpha() else f"`{word}`" if word.isalnum() else word for word in text.split()
    )


HARMLESS: dict[str, Callable[[list[list[str]]], str]] = {
    "paragraphs": changed(lambda text: text),
    "bullets": changed(lambda text: f"  * {text}"),
    "numbers": lambda passage: "\n".join(f"{n}. {' '.join(some)}" for n, some in enumerate(passage, 1)),
    "quoted": changed(lambda text: f"> {text}"),
    "headings": changed(lambda text: f"### {text} ###"),
    "wrapped": changed(lambda text: "\n".join(textwrap.wrap(text, 30, break_long_words=False, break_on_hyphens=False))),
    "one-sentence-a-line": lambda passage: "\n".join(f"- {one.rstrip('.!… ')}" for some in passage for one in some),
    "all-in-one": lambda passage: " ".join(" ".join(some) for some in passage),
    "capitals": changed(str.upper),
    "small": changed(str.lower),
    "emphasised": changed(emphasised),
    "in-quotes": changed(lambda text: f"“{text}”"),
    "guillemets": changed(lambda text: f"«\u00a0{text}\u00a0»"),
    "entities": changed(lambda text: escape(text).replace(" ", "&nbsp;")),
    "decomposed": changed(lambda text: unicodedata.normalize("NFD", text)),
    "typographic": changed(lambda text: text.replace("'", "’").replace("UTF-8", "UTF‑8").replace(" ", "\u202f")),
    "titled": changed(lambda text: f"A title: {text}"),
    "prefixed": lambda passage: f"{PREFIX} A title: {markdown(passage)}",
    "with-provenance": lambda passage: render_passage(hit_of(markdown(passage))),
    "crlf": lambda passage: markdown(passage).replace("\n", "\r\n"),
    "reversed": lambda passage: markdown(passage[::-1]),
    "the-last-part": lambda passage: markdown(passage[-1:]),
}
OURS = sorted(HARMLESS.keys() - {"titled", "the-last-part", "all-in-one"})  # forms that an entry has itself


@given(passages, st.sampled_from(OURS), st.sampled_from(sorted(HARMLESS)))
def test_a_passage_that_is_only_formatted_anew_is_recognised(
    passage: list[list[str]], handed_out: str, kept: str
) -> None:
    assert is_known(HARMLESS[kept](passage), HARMLESS[handed_out](passage))


@given(passages, st.sampled_from(sorted(HARMLESS)), st.data())
def test_one_word_more_makes_it_new(passage: list[list[str]], how: str, data: st.DataObject) -> None:
    handed_out = markdown(passage)
    parts = HARMLESS[how](passage).split(" ")
    place = data.draw(st.integers(0, len(parts)))
    assert not is_known(" ".join([*parts[:place], OWN, *parts[place:]]), handed_out)


@given(passages, st.sampled_from(sorted(HARMLESS)), st.data())
def test_one_word_changed_makes_it_new(passage: list[list[str]], how: str, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(passage[-1]) - 1))
    parts = passage[-1][number].split(" ")
    place = data.draw(st.integers(0, len(parts) - 1))
    parts[place] = data.draw(st.sampled_from([OWN, f"{parts[place]}{OWN}", f"{OWN}{parts[place]}"]))
    other = [*passage[:-1], [*passage[-1][:number], " ".join(parts), *passage[-1][number + 1 :]]]
    assert not is_known(HARMLESS[how](other), markdown(passage))


marked = st.lists(
    st.one_of(words, st.sampled_from(list("-*+_`#>|~[]()!<>&;:.,?\"'\n\t\\=x1")), st.sampled_from([
        "```", "~~~", "\n\n", "\n- ", "\n1. ", "\n## ", "[a](b)", "](", "<br>", "&amp;", "---", "(journal: ", ".md:1)",
        PREFIX, "**", "\u00a0", "\u200b", "«", "»", "。", "²", "User: ",
    ])),
    max_size=40,
)  # fmt: skip


@given(marked, st.integers(0, 40), st.sampled_from(["", " "]))
@example(["```", "x"], 1, "")
@example(["[a](b", ' "', '")'], 2, "")
@example(["_", "<br>", '"', "-"], 0, "")
@settings(max_examples=600)
def test_in_any_markdown_at_any_place_one_word_more_makes_it_new(parts: list[str], place: int, blank: str) -> None:
    at = min(place, len(parts))
    kept = "".join([*parts[:at], f"{blank}{OWN}{blank}", *parts[at:]])
    assert not is_known(kept, "".join(parts))


@given(marked)
@settings(max_examples=300)
def test_any_markdown_that_tells_anything_is_recognised_as_it_is(parts: list[str]) -> None:
    text = "".join(parts)
    prints = prints_of(text, prefix=PREFIX)
    telling = prints.whole.is_telling
    assert (origin_of(prints, known_of(text)) is not None) == telling


@given(marked, marked)
@settings(max_examples=300)
def test_of_two_texts_only_one_that_says_no_more_is_recognised(first: list[str], second: list[str]) -> None:
    """Whatever is recognised has no word that was not handed out."""
    text, handed_out = "".join(first), "".join(second)
    if is_known(text, handed_out):
        said = {word.lower() for word in VOCABULARY if word.lower() in text.lower()}
        assert all(word in handed_out.lower() for word in said)


@given(st.text(), st.text(max_size=60))
@settings(max_examples=300)
def test_no_text_breaks_it(text: str, other: str) -> None:
    assert not is_known(f"{text}{OWN}", text + other) or OWN in other
    assert without_provenance(render_passage(hit_of(text))) == without_provenance(f"{text}\n")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(lambda name: f"{name}.md"))
def test_provenance_survives_any_name_of_an_entry(path: str) -> None:
    assert [one.entry for one in provenances_in(render_passage(hit_of("x", path)))] == [path]


@given(passages, st.sampled_from(sorted(HARMLESS)))
def test_what_stands_in_an_entry_is_recognised_without_any_register(passage: list[list[str]], how: str) -> None:
    text = f"---\ntitle: A title\n---\n\n# A title\n\n## Lessons\n\n{markdown(passage)}\n"
    prints = prints_of(HARMLESS[how](passage), prefix=PREFIX)

    def load(path: str, text: str) -> Entry:
        entry = parse_entry(path, text)
        assert isinstance(entry, Entry)
        return entry

    found = origin_of(prints, known_in([("a.md", text)], [prints], load))
    assert found is not None
    assert found.entry == "a.md"
