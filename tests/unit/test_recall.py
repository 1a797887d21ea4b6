"""Text that comes back from an assistant is recognised where it is ours, and only there."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sync.document.entry import Entry, parse_entry
from sync.search.hit import Hit
from sync.search.provenance import Provenance, provenances_in, render_passage, without_provenance
from sync.search.recall import (
    Origin,
    entry_prints,
    hit_fingerprints,
    known_in,
    origin_of,
    prints_of,
)
from sync.search.recall_text import blocks_of, plain, size_of

PREFIX = "[JOURNAL DE BORD]"
PASSAGE = "- Scripts for **Windows** need UTF-8 with `BOM`, or they lose their accents."
OTHER = "- The lock file of pnpm is committed together with the manifest."


def hit_of(text: str, *, entry: str = "journal/entries/a.md", title: str = "Encoding", **fields: object) -> Hit:
    told: dict[str, object] = {
        "entry": entry, "id": "a", "title": title, "date": "", "tags": (), "headings": ("Lessons learned",),
        "text": text, "before": "", "after": "", "first_line": 12, "last_line": 14, "commit": "", "score": 1.0,
    }  # fmt: skip
    return Hit(**(told | fields))  # type: ignore[arg-type]


def known_of(*hits: Hit) -> dict[str, list[Origin]]:
    known: dict[str, list[Origin]] = {}
    for hit in hits:
        for one in hit_fingerprints(hit, prefix=PREFIX):
            known.setdefault(one, []).append(Origin(entry=hit.entry, line=hit.first_line))
    return known


def is_known(text: str, *hits: Hit) -> bool:
    return origin_of(prints_of(text, prefix=PREFIX), known_of(*(hits or (hit_of(PASSAGE),)))) is not None


def entry_of(text: str, path: str = "journal/entries/a.md") -> Entry:
    entry = parse_entry(path, text)
    assert isinstance(entry, Entry), entry
    return entry


# --- what an assistant may do to a text that it keeps ---------------------------------------------------------------


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(PASSAGE, id="as-it-is"),
        pytest.param("Scripts for Windows need UTF-8 with BOM, or they lose their accents", id="without-marks"),
        pytest.param(PASSAGE.upper(), id="capitals"),
        pytest.param("  *   scripts for windows\n   need  UTF-8 with BOM,\tor they\nlose their accents ", id="blanks"),
        pytest.param("1. Scripts for Windows need UTF-8 with BOM, or they lose their accents;", id="numbered"),
        pytest.param("“Scripts for Windows need UTF‑8 with BOM, or they lose their accents.”", id="quotes-and-dashes"),
        pytest.param("> Scripts for Windows need UTF-8\n> with BOM, or they lose their accents…", id="quoted"),
        pytest.param("### Scripts for Windows need UTF-8 with BOM, or they lose their accents ###", id="heading"),
        pytest.param("Scripts for Windows need ＵＴＦ－８ with\u00a0BOM, or they lose their accents", id="wide"),
        pytest.param("Scripts for *Windows* need UTF\\-8 with ***BOM***, or they lose their accents", id="marks"),
        pytest.param("Scripts&nbsp;for Windows need UTF-8 with &#66;OM, or they lose their accents", id="entities"),
        pytest.param("Encoding: Scripts for Windows need UTF-8 with BOM, or they lose their accents.", id="title"),
        pytest.param("Lessons learned: " + PASSAGE.removeprefix("- "), id="heading-in-front"),
        pytest.param(f"{PREFIX} Encoding: {PASSAGE}", id="as-a-memory-of-the-journal"),
        pytest.param(f"# Encoding\n\n## Lessons learned\n\n{PASSAGE}", id="under-its-headings"),
        pytest.param(f"{PASSAGE}\n(journal: journal/entries/a.md:12-14 @ 1a2b3c4)", id="provenance"),
        pytest.param(f"{PASSAGE} (journal: journal/entries/a.md:12)", id="provenance-on-the-line"),
        pytest.param(f"{PASSAGE}\n- (journal: elsewhere.md:1)", id="provenance-of-another-place"),
        pytest.param("Scripts for Windows\u200b need UTF-8 with BOM,<br>or they lose their accents", id="invisible"),
    ],
)  # fmt: skip
def test_what_is_done_to_a_text_that_is_kept_does_not_hide_it(kept: str) -> None:
    assert is_known(kept)


def test_parts_of_several_passages_in_one_memory_are_known() -> None:
    assert is_known(f"{OTHER}\n{PASSAGE}", hit_of(PASSAGE), hit_of(OTHER, entry="journal/entries/b.md"))


@pytest.mark.parametrize("kept", ["The first sentence says what was built.", "It broke because nobody tested it!"])
def test_each_sentence_of_a_passage_is_known(kept: str) -> None:
    whole = "The first sentence says\nwhat was built. It broke because nobody tested it. Ok."
    assert is_known(kept, hit_of(whole))


def test_each_line_of_a_passage_is_known() -> None:
    whole = "the first line ends in the middle of\na sentence that goes on in the second"
    assert is_known("the first line ends in the middle of", hit_of(whole))


def test_a_paragraph_is_known_as_a_list_and_a_list_as_a_paragraph() -> None:
    sentences = "It is built by the nightly job. Nobody may push to it."
    listed = "- It is built by the nightly job\n- Nobody may push to it"
    assert is_known(listed, hit_of(sentences))
    assert is_known(sentences, hit_of(listed))


def test_what_stands_next_to_a_passage_is_handed_out_with_it() -> None:
    assert is_known(OTHER, hit_of(PASSAGE, after=OTHER))


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param("Read the guide on encodings (https://example.org/a) before you start", id="address-in-brackets"),
        pytest.param("Read the guide on encodings before you start", id="no-address"),
        pytest.param("Read the [guide on encodings](<https://example.org/a>) before you start", id="other-form"),
    ],
)
def test_the_address_of_a_link_may_be_dropped(kept: str) -> None:
    assert is_known(kept, hit_of("Read the [guide on encodings](https://example.org/a) before you start."))


def test_the_name_of_a_speaker_may_be_dropped() -> None:
    assert is_known(
        "I prefer tabs over blanks in every file.", hit_of("**User**: I prefer tabs over blanks in every file.")
    )


CODE = "```python\nif ready and not done:\n    run_the_whole_thing(now)\n```"


@pytest.mark.parametrize(
    "kept",
    [CODE, CODE.replace("python", ""), CODE.replace("\n", "\n  "), CODE.replace("```", "~~~~"), f"1. {CODE}"[3:]],
)
def test_code_is_known_by_its_lines(kept: str) -> None:
    assert is_known(kept, hit_of(f"Some words before.\n\n{CODE}"))


# --- what makes a text somebody else's ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(f"{PASSAGE}\n- And PowerShell 5 too.", id="a-line-more"),
        pytest.param(PASSAGE.replace("need", "never need"), id="a-word-more"),
        pytest.param(PASSAGE.replace("UTF-8", "UTF-16"), id="a-word-changed"),
        pytest.param(PASSAGE.replace("need", "needed"), id="an-ending-changed"),
        pytest.param(PASSAGE.replace("with", ""), id="a-word-less"),
        pytest.param(f"{PASSAGE.rstrip('.')}?", id="a-question"),
        pytest.param(f"- [x] {PASSAGE.removeprefix('- ')}", id="a-box-that-is-checked"),
        pytest.param(f"Wrong: {PASSAGE}", id="a-word-in-front"),
        pytest.param(f"{PASSAGE} ok", id="a-short-word-behind"),
        pytest.param(f"{PASSAGE}\n(journal: no longer true journal/entries/a.md:12)", id="words-in-the-provenance"),
        pytest.param(f"{PASSAGE}\n```not true\n```", id="words-behind-a-fence"),
        pytest.param(f'{PASSAGE} [](x "not true")', id="words-in-the-title-of-a-link"),
        pytest.param(f"{PREFIX} Another title: {PASSAGE}", id="another-title"),
        pytest.param("(journal: journal/entries/a.md:12-14 @ 1a2b3c4)", id="provenance-alone"),
        pytest.param("", id="nothing"),
        pytest.param("- \n> \n***\n", id="marks-alone"),
    ],
)  # fmt: skip
def test_a_text_with_anything_of_its_own_is_new(kept: str) -> None:
    assert not is_known(kept)


@pytest.mark.parametrize(
    ("handed_out", "kept"),
    [
        pytest.param("Grows by 10² for each of the items", "Grows by 102 for each of the items", id="superscript"),
        pytest.param("On l'exporte là où il est demandé", "On l'exporte la ou il est demandé", id="accents"),
        pytest.param("It is released as\n12. It is due", "It is released as\n13. It is due", id="a-number"),
        pytest.param("- It is released as\n  12. It is due", "- It is released as\n  13. It is due", id="in-an-item"),
        pytest.param("Call it with *args and 2*3*4 values", "Call it with args and 234 values", id="stars-of-code"),
        pytest.param("The method __init__ is called for each", "The method init is called for each", id="underscores"),
        pytest.param("See [the guide](a.example/1) for more", "See [the guide](a.example/2) for more", id="address"),
        pytest.param("Set it to -5 for all the other tests", "Set it to 5 for all the other tests", id="sign"),
        pytest.param(CODE, CODE.replace("    run", "run"), id="indentation-of-code"),
        pytest.param(CODE, CODE.replace("now", "NOW"), id="case-of-code"),
        pytest.param(CODE, CODE.replace("python", "ruby"), id="language-of-code"),
    ],
)  # fmt: skip
def test_what_carries_a_meaning_is_compared(handed_out: str, kept: str) -> None:
    assert is_known(handed_out, hit_of(handed_out))
    assert not is_known(kept, hit_of(handed_out))


# --- short pieces ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("short", ["Ok.", "Tests are green.", "a b c d e f g", "Donaudampfschifffahrtsgesellschaft"])
def test_a_phrase_that_anybody_says_is_not_recognised(short: str) -> None:
    assert not is_known(short, hit_of(short))


def test_a_short_phrase_is_known_beside_a_telling_one_of_its_entry() -> None:
    assert is_known(f"Ok.\n\n{PASSAGE}", hit_of(f"{PASSAGE}\n- Ok."))


def test_a_short_phrase_of_another_entry_makes_a_text_new() -> None:
    assert not is_known(f"Ok.\n\n{PASSAGE}", hit_of(PASSAGE), hit_of("Ok.", entry="journal/entries/b.md"))


def test_scripts_without_blanks_are_measured_by_their_letters() -> None:
    assert size_of("設定はファイル") == (1 + 7, 14)
    assert is_known("設定ファイルは毎回必ず読み込まれます", hit_of("- 設定ファイルは毎回必ず読み込まれます。"))


# --- the normal form ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("", []),
        ("# Title #\ntext", [["title"], ["text"]]),
        ("Title\n=====\ntext", [["title"], ["text"]]),
        ("- a\n- b\n  c", [["a"], ["b c"]]),
        ("1. a\n2. b\n\ntext", [["a"], ["b"], ["text"]]),
        ("| a | b |\n|---|---|\n| c | d |", [["| a | b |"], ["| c | d |"]]),
        ("> a\n> b\nc", [["a b"], ["c"]]),
        ("A. B! C? D", [["a", "b", "c?", "d"]]),
        ("«\u00a0Oui\u00a0», dit-il\u00a0!", [['oui", dit-il']]),
        ("a\r\nb\rc", [["a b c"]]),
        ("**a** and __b c__ and _d e_ and ~~f~~", [["a and b c and d e and ~~f~~"]]),
        ("![alt](a.png) [x](x) <https://e.org>", [["alt (a.png) x https://e.org"]]),
        ("```\nunclosed  \n", [["```\nunclosed"]]),
        ("---\n***\n", []),
    ],
)
def test_a_text_has_one_normal_form(text: str, forms: Sequence[Sequence[str]]) -> None:
    assert [list(block.sentences) for block in blocks_of(text)] == forms


def test_a_title_is_compared_as_a_sentence() -> None:
    assert plain("**Encoding** of «scripts».") == 'encoding of "scripts'


# --- entries --------------------------------------------------------------------------------------------------------


def known_of_entry(entry: Entry, text: str) -> Origin | None:
    prints = prints_of(text)
    return origin_of(prints, known_in([(entry.path, entry.text)], [prints], lambda _path, _text: entry))


ENTRY = (
    f"---\ntitle: Encoding\n---\n\n# Encoding\n\n## Lessons\n\n{OTHER}\n{PASSAGE}\n\n"
    "## Links\n\nSee [this](x.md) and the other one of them.\n"
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (PASSAGE, 10),
        (f"{OTHER}\n{PASSAGE}", 9),
        (f"## Lessons\n\n{PASSAGE}", 10),
        (f"Encoding: {OTHER[2:]}", 9),
        ("See this and the other one of them", 14),
        (ENTRY.partition("---\n\n")[2], 5),
    ],
)
def test_what_stands_in_an_entry_is_found_with_its_line(text: str, line: int) -> None:
    assert known_of_entry(entry_of(ENTRY), text) == Origin(entry="journal/entries/a.md", line=line)


@pytest.mark.parametrize("text", [f"{PASSAGE} No.", "Lessons", "Nothing of this stands in that entry."])
def test_what_does_not_stand_in_an_entry_is_not_found(text: str) -> None:
    assert known_of_entry(entry_of(ENTRY), text) is None


def test_an_entry_that_shares_no_long_word_with_a_text_is_not_even_read() -> None:
    prints = prints_of("Something altogether different from what stands there")
    assert known_in([("a.md", ENTRY)], [prints], lambda _path, _text: pytest.fail("read")) == {}


@pytest.mark.parametrize(
    ("front", "is_one"),
    [
        pytest.param("title: memory-7\ntype: project\ntags: [a]\ndate: 2025-04-05\n", True, id="labels"),
        pytest.param("title: Scripts for Windows need UTF-8 with BOM\n", True, id="a-title-that-repeats"),
        pytest.param("title: Scripts for Windows need UTF-8 with…\n", True, id="a-title-that-was-cut"),
        pytest.param("title: The new installer does all of this by itself\n", False, id="a-title-that-says-something"),
        pytest.param("title: x\nrelations: ['uses: pnpm']\n", False, id="relations"),
        pytest.param("title: x\nmood: good\n", False, id="a-key-of-its-own"),
    ],
)
def test_labels_of_a_record_do_not_count_and_what_it_says_does(front: str, is_one: bool) -> None:
    prints = entry_prints(entry_of(f"---\n{front}---\n\n{PASSAGE}\n"))
    assert (prints is not None and origin_of(prints, known_of(hit_of(PASSAGE))) is not None) == is_one


def test_a_record_that_says_nothing_is_not_recognised() -> None:
    assert entry_prints(entry_of("---\ntitle: Encoding\n---\n")) is None


# --- provenance -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hit", "line"),
    [
        (hit_of("x"), "(journal: journal/entries/a.md:12-14)"),
        (hit_of("x", last_line=12, commit="1a2b3c4d5e"), "(journal: journal/entries/a.md:12 @ 1a2b3c4)"),
        (hit_of("x", entry="e/été (1) %.md"), "(journal: e/été%20%281%29%20%25.md:12-14)"),
    ],
)
def test_a_passage_carries_its_provenance(hit: Hit, line: str) -> None:
    assert render_passage(hit) == f"x\n{line}"


@pytest.mark.parametrize("path", ["journal/entries/a.md", "e/été (1) %41\u00a0\n.md"])
def test_provenance_is_read_again(path: str) -> None:
    text = render_passage(hit_of("x", entry=path, commit="1a2b3c4d5e"))
    assert provenances_in(text) == [Provenance(entry=path, first_line=12, last_line=14, commit="1a2b3c4")]
    assert without_provenance(text) == "x\n"


# --- hostile text ---------------------------------------------------------------------------------------------------


@pytest.mark.timeout(20)
@pytest.mark.parametrize("unit", ["*a ", "_a b ", "[a](", " ", "-", "> ", "|", "&a;", "(journal: x.md:1", "a. ", "# #"])
def test_no_text_takes_the_square_of_its_length(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    assert not is_known(f"{text}own", hit_of(text))
