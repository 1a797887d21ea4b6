"""Questions that go on with a conversation, and those that do not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_answer_prompt import HIT

from sync.errors import DocumentError, UsageError
from sync.search.answer.followup import Reading, blend, read, resolve
from sync.search.answer.session import (
    MOST_TURNS,
    Session,
    Turn,
    check_name,
    parse_session,
    render_session,
)

TALK = Session(
    name="talk",
    turns=(
        Turn(
            question="Comment exporter les mémoires vers Augment ?",
            answer="Avec l'export [1].",
            subject=("exporter", "memoires", "augment"),
            cited=("Export vers Augment", "Résumé"),
        ),
    ),
)


@pytest.mark.parametrize(
    "question",
    [
        "why?",
        "Why not?",
        "pourquoi ?",
        "Pourquoi pas ?",
        "comment ?",
        "et lui ?",
        "et alors ?",
        "when was that?",
        "who decided that?",
        "who wrote it?",
        "Why did it fail on Windows?",
        "Does it handle accents in YAML titles?",
        "When do they meet in Lyon?",
        "comment la corriger ?",
        "Qui l'a décidé ?",
        "Pourquoi l'avons-nous choisi ?",
        "Comment fonctionne-t-il ?",
        "comment corriger ça ?",
        "Is this error fixed?",
        "cette erreur est-elle corrigée ?",
        "Can you give more details?",
        "tell me more",
        "Quand a-t-elle été prise ?",
        "Qui les a écrits ?",
        "comment l'éviter ?",
        "lesquels ?",
        "which one is faster?",
        "How long did it take?",
        "quelle en est la raison ?",
        "Tu peux préciser ?",
        "What happened next?",
    ],
)
def test_a_question_that_names_nothing_only_points(question: str) -> None:
    assert read(question) is Reading.POINTING


@pytest.mark.parametrize(
    "question",
    [
        "et pour la gestion des erreurs ?",
        "Et le budget ?",
        "et les tests ?",
        "and what about errors?",
        "What about Windows?",
        "how about performance?",
        "mais la sauvegarde ?",
        "And in Python?",
        "pour Windows ?",
        "on Windows?",
        "quelle version ?",
        "Which version?",
        "— et le traiteur ?",
        "Ah, et le prix ?",
        "Et qu'en est-il des performances ?",
    ],
)
def test_a_short_question_that_begins_with_a_link_goes_on(question: str) -> None:
    assert read(question) is Reading.NAMED


@pytest.mark.parametrize(
    "question",
    [
        "Quel traiteur avons-nous choisi pour le mariage ?",
        "How do we deploy the website?",
        "pnpm",
        "encoding errors",
        "Le traiteur est-il réservé pour samedi ?",
        "How does the sync engine know that it must stop?",
        "Is it possible to export only private entries?",
        "Que faut-il faire quand un test échoue ?",
        "Y a-t-il une sauvegarde du journal ?",
        "And how do we deploy the documentation website to the production server?",
        "What did we learn this week?",
        "Où est la configuration de Docker ?",
        "Pourquoi avons-nous choisi PostgreSQL ?",
        "Why did we choose PostgreSQL?",
        "Comment l'export fonctionne-t-il ?",
        "Comment le répertoire est-il choisi ?",
        "Pourquoi le build est-il lent ?",
        "Où en est la migration ?",
        "Ce projet utilise-t-il Docker ?",
        "Quels outils utilise-t-on pour les tests ?",
        "What happens if a store is empty?",
        "When is Melanie planning on going camping?",
        "Etienne Dupont",
        "Android builds",
    ],
)
def test_a_question_that_says_what_it_is_about_stands_alone(question: str) -> None:
    assert read(question) is Reading.ALONE


def test_without_a_conversation_every_question_stands_alone() -> None:
    assert resolve("et lui ?", Session(name="new")).joint == "et lui ?"


def test_a_question_that_goes_on_is_searched_for_with_the_topic() -> None:
    resolved = resolve("et pour la gestion des erreurs ?", TALK)
    assert resolved.own == "et pour la gestion des erreurs ?"
    assert resolved.joint.startswith(resolved.own)
    assert {"exporter", "memoires", "augment"} <= set(resolved.topic)


def test_a_question_without_words_is_searched_for_by_the_topic_alone() -> None:
    resolved = resolve("pourquoi ?", TALK)
    assert (resolved.own, resolved.joint.split()[:3]) == ("", ["exporter", "memoires", "augment"])


def test_the_titles_that_were_cited_belong_to_the_topic() -> None:
    session = Session(name="x", turns=(Turn(question="q", answer="a", subject=("a",), cited=("Wedding budget",)),))
    assert "wedding" in resolve("why?", session).topic


def test_a_question_that_stands_alone_changes_the_topic() -> None:
    resolved = resolve("Quel traiteur avons-nous choisi pour le mariage ?", TALK)
    assert resolved.topic == ()
    assert "augment" not in resolved.subject


def test_the_topic_outlives_a_question_that_goes_on() -> None:
    first = resolve("et pour la gestion des erreurs ?", TALK)
    later = TALK.added(Turn(question="…", answer="…", subject=first.subject))
    assert {"erreurs", "augment"} <= set(resolve("pourquoi ?", later).topic)


def test_the_topic_stays_short() -> None:
    session = TALK
    for number in range(30):
        resolved = resolve(f"et le sujet{number} ?", session)
        session = session.added(Turn(question="…", answer="…", subject=resolved.subject))
    assert len(resolve("pourquoi ?", session).topic) <= 12


# --- two searches, one list -----------------------------------------------------------------------------------------


def order(question: str, own: list[tuple[str, float]], joint: list[tuple[str, float]]) -> list[str]:
    found = [
        [replace(HIT, title="", headings=(), text=name, entry=name, score=score) for name, score in one]
        for one in (own, joint)
    ]
    return [hit.entry for hit in blend(resolve(question, TALK), found[0], found[1], 10)]


def test_what_meets_question_and_topic_comes_first() -> None:
    found = order("et le budget ?", [("budget", 9), ("budget augment", 8)], [("budget augment", 5)])
    assert found == ["budget augment", "budget"]


def test_what_has_the_topic_alone_does_not_answer_a_question_that_names_its_own() -> None:
    assert order("et le budget ?", [("budget", 3)], [("augment", 30), ("budget", 9)]) == ["budget"]


def test_the_more_of_the_own_words_there_are_the_better() -> None:
    own = [("budget voyage", 9.0), ("budget augment", 7.0)]
    found = order("et le budget du voyage ?", own, [("budget augment", 9), ("budget voyage", 8)])
    assert found[0] == "budget voyage"


def test_the_topic_weighs_more_where_a_question_only_points() -> None:
    assert order("who decided that?", [("decided", 3)], [("augment", 30)]) == ["augment", "decided"]


def test_a_subject_that_is_not_found_is_not_replaced_by_the_topic() -> None:
    assert order("et le budget ?", [], [("augment", 30), ("augment budget", 3)]) == []


def test_equals_are_ordered_by_path() -> None:
    assert order("et le budget ?", [("budget b", 1), ("budget a", 1)], []) == ["budget a", "budget b"]


# --- the file -------------------------------------------------------------------------------------------------------


def test_a_session_is_read_as_it_was_written() -> None:
    assert parse_session("talk", render_session(TALK)) == TALK


def test_a_session_keeps_its_last_turns() -> None:
    session = Session(name="x")
    for number in range(MOST_TURNS + 5):
        session = session.added(Turn(question=str(number), answer=""))
    assert [turn.question for turn in session.turns] == [str(number) for number in range(5, MOST_TURNS + 5)]


def test_a_long_turn_is_cut() -> None:
    (turn,) = Session(name="x").added(Turn(question="q" * 100_000, answer="a" * 100_000)).turns
    assert (len(turn.question), len(turn.answer)) == (4_000, 4_000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\xff",
        render_session(TALK)[:-40],
        b"[]",
        b"null",
        b'{"version": 1}',
        b'{"version": 1, "turns": [1]}',
        b'{"version": 1, "turns": [{"question": 1, "answer": "", "subject": [], "cited": []}]}',
        b'{"version": 1, "turns": [{"question": "", "answer": "", "subject": "abc", "cited": []}]}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_recognised(data: bytes) -> None:
    with pytest.raises(DocumentError, match="damaged"):
        parse_session("talk", data)


def test_a_file_of_another_version_is_recognised() -> None:
    with pytest.raises(DocumentError, match="another version: 2"):
        parse_session("talk", b'{"version": 2, "turns": []}')


@pytest.mark.parametrize("name", ["sync", "2025-04-05", "réunion", "a_b"])
def test_a_name_is_letters_digits_and_two_signs(name: str) -> None:
    assert check_name(name) == name


def test_a_name_is_the_same_however_its_accents_are_written() -> None:
    assert check_name("re\u0301union") == "r\u00e9union"


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\\b", ".git", "-x", "a b", "a\n", "a\0", "x" * 65, "a.json"])
def test_a_path_is_no_name(name: str) -> None:
    with pytest.raises(UsageError, match="not a name"):
        check_name(name)
