"""What words and vectors say, blended."""

from __future__ import annotations

from sync.search.vectors.fusion import NOTHING, Tongue, Weights, weights_for

MINILM = "all-MiniLM-L6-v2:1:384"


def candidate(lexical: float, own: float = 0.0, near: float = 0.0) -> tuple[float, float, float]:
    return lexical, own, near


def fuse(candidates: list[tuple[float, float, float]], weights: Weights) -> list[float]:
    return [lexical + weights.weigh(own, near) for lexical, own, near in candidates]


def test_without_weights_the_words_alone_decide() -> None:
    assert fuse([candidate(2.0, -1.0), candidate(1.0, 1.0)], NOTHING) == [2.0, 1.0]


def test_a_nearer_meaning_decides_between_equal_words() -> None:
    weights = weights_for(MINILM, Tongue.ENGLISH)
    far, near, neighbours = fuse([candidate(1.0), candidate(1.0, own=0.5), candidate(1.0, near=0.5)], weights)
    assert min(near, neighbours) > far


def test_words_that_say_much_more_outweigh_a_meaning_that_is_a_little_nearer() -> None:
    sure, near = fuse([candidate(30.0, 0.3, 0.3), candidate(10.0, 0.6, 0.5)], weights_for(MINILM, Tongue.ENGLISH))
    assert sure > near


def test_where_nothing_was_lexical_meaning_alone_orders() -> None:
    scores = fuse([candidate(0.0, 0.1, 0.1), candidate(0.0, 0.7, 0.2)], weights_for(MINILM, Tongue.OTHER))
    assert scores[1] > scores[0]


def test_the_english_table_has_no_say_in_other_languages() -> None:
    assert weights_for("all-MiniLM-L6-v2-static:1:256", Tongue.OTHER) == NOTHING
    assert weights_for("all-MiniLM-L6-v2-static:1:256", Tongue.ENGLISH) != NOTHING


def test_an_unmeasured_model_counts_like_the_measured_one() -> None:
    assert weights_for("openai:host:some-model", Tongue.OTHER) == weights_for(MINILM, Tongue.ENGLISH)
