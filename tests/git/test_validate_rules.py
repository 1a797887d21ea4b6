"""`journal validate` and the files of rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from repositories import Repo, entry_text

EXAMPLE = Path(__file__).parents[2] / "examples" / "wedding"
CONTEXTS, SHARING = "journal/contexts.yaml", "journal/sharing.yaml"
BAD = "contexts:\n  a:\n    pattern: w:{w}\n    retain: 1y\n"


@pytest.fixture
def journal(repo: Repo) -> Repo:
    """A journal with one valid entry, committed."""
    repo.write("journal/entries/2025-04-05-14-30-valid.md", entry_text())
    repo.commit()
    return repo


def validated(repo: Repo, *arguments: str) -> tuple[int, list[str]]:
    """Files that were read, and the places and keys of faults."""
    result = json.loads(repo.journal("validate", "--json", *arguments, code=None).stdout)
    below = f"{repo.path}/"
    faults = [(one["path"].removeprefix(below), one["line"], one["column"], one["key"]) for one in result["faults"]]
    return result["read"], [f"{path}:{line}:{column} {key}" for path, line, column, key in faults]


def test_the_rules_of_the_example_are_valid(journal: Repo) -> None:
    for path in (CONTEXTS, SHARING):
        journal.write(path, (EXAMPLE / Path(path).name).read_text(encoding="utf-8"))
    assert validated(journal) == (3, [])


@pytest.mark.parametrize("arguments", [(), (CONTEXTS,), ("journal",)])
def test_a_fault_in_the_rules_is_shown_where_it_stands(journal: Repo, arguments: tuple[str, ...]) -> None:
    journal.write(CONTEXTS, BAD)
    assert validated(journal, *arguments)[1] == [f"{CONTEXTS}:3:5 contexts.a"]


def test_rules_are_checked_as_they_are_staged(journal: Repo) -> None:
    journal.write(CONTEXTS, BAD)
    journal.write(SHARING, "rules: {}\n")
    journal.git("add", CONTEXTS, SHARING)
    journal.write(CONTEXTS, "contexts: {}\n")
    assert validated(journal, "--staged") == (2, [f"{CONTEXTS}:3:5 contexts.a"])


def test_rules_of_sharing_speak_of_the_application_of_the_contexts(journal: Repo) -> None:
    journal.write(SHARING, "rules:\n  a: {from: 'shop:tenant:{t}', to: stock, types: [t]}\n")
    assert validated(journal)[1] == [f"{SHARING}:2:13 rules.a.from"]
    journal.write(CONTEXTS, "application: shop\n")
    assert validated(journal) == (3, [])


def test_rules_lie_beside_the_entries_wherever_those_are(journal: Repo) -> None:
    journal.write("journal.toml", '[journal]\nentries = "notes/entries"\nmemories = "notes/m.json"\n')
    journal.write("notes/contexts.yaml", BAD)
    assert validated(journal)[1] == ["notes/contexts.yaml:3:5 contexts.a"]


def test_a_file_of_that_name_elsewhere_is_not_one_of_rules(journal: Repo) -> None:
    journal.write("charts/sharing.yaml", "[")
    assert validated(journal, "charts/sharing.yaml") == (1, [])
