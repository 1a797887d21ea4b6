"""Which entries belong to one: by links either way, by rare tags that both bear, by passages that speak alike."""

from __future__ import annotations

from sync.document.entry import Entry, parse_entry
from sync.operations.related import Bond, Related, decide_related
from sync.search.hit import Hit

FOLDER = "journal/entries"


def entry(name: str, *, tags: str = "", related: str = "", body: str = "Text.", id_: str = "") -> Entry:
    """An entry of the folder."""
    own = f"id: {id_}\n" if id_ else ""
    text = f"---\n{own}title: {name}\ntags: [{tags}]\nrelated: [{related}]\n---\n\n{body}\n"
    made = parse_entry(f"{FOLDER}/{name}.md", text)
    assert isinstance(made, Entry)
    return made


def hit(name: str, score: float, line: int = 1) -> Hit:
    """A passage of an entry."""
    return Hit(
        entry=f"{FOLDER}/{name}.md", id=name, title=name, date="", tags=(), headings=(), text="x", before="",
        after="", first_line=line, last_line=line, commit="", score=score,
    )  # fmt: skip


def decided(first: Entry, *others: Entry, hits: tuple[Hit, ...] = ()) -> dict[str, Related]:
    """What belongs to the first of some entries, by title, in its order."""
    entries = {one.path: one for one in (first, *others)}
    return {one.card.title: one for one in decide_related(first, entries, hits)}


def bonds(found: dict[str, Related]) -> dict[str, list[Bond]]:
    """Why each belongs."""
    return {title: [bond for bond, _by in one.why] for title, one in found.items()}


def test_front_matter_names_entries_by_file_stem_id_or_path() -> None:
    first = entry("a", related=f"b.md, c, own-id, {FOLDER}/e.md, gone")
    found = decided(first, entry("b"), entry("c"), entry("d", id_="own-id"), entry("e"))

    assert bonds(found) == {name: [Bond.LINKS_TO] for name in "bcde"}


def test_links_of_the_body_count_in_both_directions() -> None:
    first = entry("a", body="See [it](b.md#part), [[c]], [that](<sub/d.md>) and [the web](https://x.example/c.md).")
    found = decided(first, entry("b", body="Back to [a](./a.md)."), entry("c"), entry("sub/d", body="[up](../a%2Emd)"))

    assert bonds(found) == {
        "b": [Bond.LINKS_TO, Bond.LINKED_FROM], "sub/d": [Bond.LINKS_TO, Bond.LINKED_FROM], "c": [Bond.LINKS_TO],
    }  # fmt: skip


def test_links_in_code_are_no_links() -> None:
    assert decided(entry("a", body="```\n[x](b.md)\n```\n"), entry("b")) == {}


def test_an_entry_does_not_belong_to_itself() -> None:
    assert decided(entry("a", related="a.md", body="[[a]]", tags="x"), hits=(hit("a", 3.0),)) == {}


def test_the_rarer_the_tag_the_nearer_the_entry() -> None:
    first = entry("a", tags="rare, usual, everywhere")
    many = [entry(f"m{number}", tags="usual, everywhere") for number in range(4)]
    rest = [entry(f"r{number}", tags="everywhere") for number in range(10)]
    found = decided(first, *many, entry("b", tags="Rare, everywhere"), *rest)

    assert list(found) == ["b", "m0", "m1", "m2", "m3"]
    assert [one.why for one in found.values()][:2] == [((Bond.TAGS, "rare"),), ((Bond.TAGS, "usual"),)]


def test_passages_alike_count_by_their_share_of_the_best_foreign_one() -> None:
    found = decided(
        entry("a"), entry("b"), entry("c"),
        hits=(hit("a", 9.0), hit("b", 4.0, line=7), hit("c", 2.0), hit("b", 1.0), hit("gone", 1.0)),
    )  # fmt: skip

    assert {title: (one.score, one.why) for title, one in found.items()} == {
        "b": (0.5, ((Bond.ALIKE, f"{FOLDER}/b.md:7"),)),
        "c": (0.25, ((Bond.ALIKE, f"{FOLDER}/c.md:1"),)),
    }


def test_reasons_add_up_and_the_strongest_stands_first() -> None:
    found = decided(
        entry("a", related="b", tags="x"), entry("b", tags="x"), entry("c", tags="x"), *map(entry, "defgh"),
        hits=(hit("c", 1.0), hit("b", 0.5)),
    )  # fmt: skip

    assert list(found) == ["b", "c"]
    assert bonds(found) == {"b": [Bond.LINKS_TO, Bond.ALIKE, Bond.TAGS], "c": [Bond.ALIKE, Bond.TAGS]}
    assert found["b"].as_dict()["why"][0] == {"bond": "links to", "by": ""}
