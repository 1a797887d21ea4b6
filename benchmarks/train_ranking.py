"""Learn the weights of the ranking, and measure them on questions that they were not learned from.

    JOURNAL_CORPUS=FOLDER python benchmarks/train_ranking.py [--without FEATURE ...] [--ablate] [--json]

Every conversation of FOLDER/retrieval/*.jsonl.gz (see `retrieval_sets.py`) becomes a journal in a temporary folder.
Each question is put to the search, and what its `rank` is given is what is learned from: the same candidates and
features that users get. The weights make the passages that answer likely under a softmax over a question's
candidates, and half as much the entries that do (Cao et al., "Learning to rank: from pairwise approach to listwise
approach", 2007).

Prints recall at 10 and mean reciprocal rank, by entry and where there are sessions by document, of 20 hits: with the
weights of `rank.py`; held out, in six folds (a conversation of LoCoMo, a sixth of the other questions, each ranked by
weights that were learned from the rest); and with weights that were learned from everything, which nobody should quote.
`pooled` is all conversations of LoCoMo in one journal; nothing is learned from it. Then prints the weights.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from ranking_cases import FOLDS, Case, all_cases
from retrieval_sets import mean

from sync.search.rank import WEIGHTS

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

FEATURES = tuple(WEIGHTS)
ENTRY_SHARE = 0.5
_TINY = 1e-12


def learn(cases: Sequence[Case], without: Collection[str] = ()) -> Floats:
    """The weights that some questions teach, with features left out; that of `near` is 1 unless it is left out."""
    from scipy.optimize import minimize

    used = [one for one in cases if one.share and one.right_entries.any()]
    rows, mask, right, entries = _tables(used)
    keep = np.array([name not in without for name in FEATURES])
    scale = np.where(keep, np.concatenate([one.rows for one in used]).std(axis=0) + 1e-9, np.inf)
    rows /= scale
    share = np.array([one.share for one in used])[:, None]
    answered = right.any(axis=1, keepdims=True)
    target = right / np.maximum(right.sum(axis=1, keepdims=True), 1)

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = rows @ weights + mask
        chance = np.exp(scores - scores.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        of_entry = (chance * entries).sum(axis=1, keepdims=True) + _TINY
        value = -(share * target * np.log(chance + _TINY)).sum() - (ENTRY_SHARE * share * np.log(of_entry)).sum()
        pull = share * (target - chance * answered) + ENTRY_SHARE * share * (chance * entries / of_entry - chance)
        return float(value + weights @ weights), 2 * weights - np.einsum("qc,qcf->f", pull, rows)

    learned = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B").x / scale
    return np.asarray(learned / (learned[0] if keep[0] else 1.0), np.float64)


def _tables(cases: Sequence[Case]) -> tuple[Floats, Floats, Floats, Floats]:
    """Rows, -inf where there is no candidate, and what is right: padded to one shape, the questions first."""
    width = max(len(one.rows) for one in cases)
    rows = np.zeros((len(cases), width, len(FEATURES)))
    mask = np.full((len(cases), width), -np.inf)
    right, entries = np.zeros((2, len(cases), width))
    for number, one in enumerate(cases):
        size = len(one.rows)
        rows[number, :size], mask[number, :size] = one.rows, 0
        right[number, :size], entries[number, :size] = one.right, one.right_entries
    return rows, mask, right, entries


def figures(sets: Mapping[str, Sequence[Case]], weights_of: Callable[[Case], Floats]) -> dict[str, list[float]]:
    """Recall at 10 and mean reciprocal rank by set and level, each question ranked by weights of its own."""
    found = {}
    for name, cases in sets.items():
        measured = [one.measure(weights_of(one)) for one in cases]
        for level in measured[0]:
            of_level = mean([one[level] for one in measured])
            found[f"{name} by {level}"] = [round(of_level.recall_10, 4), round(of_level.mrr, 4)]
    return found


def held_out(sets: Mapping[str, Sequence[Case]], without: Collection[str] = ()) -> dict[str, list[float]]:
    """`figures`, each question ranked by what the other folds teach."""
    every = [one for cases in sets.values() for one in cases]
    weights = [learn([one for one in every if one.fold != fold], without) for fold in range(FOLDS)]
    return figures(sets, lambda one: weights[one.fold])


def print_line(label: str, measured: Mapping[str, Sequence[float]]) -> None:
    """One line of figures."""
    cells = (f"{f'{recall:.3f} {rank:.3f}':>18}" for recall, rank in measured.values())
    print(f"{label:<22}", *cells, flush=True)


def main() -> None:
    """Learn, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--without", nargs="*", default=[], choices=FEATURES, help="features that are left out")
    parser.add_argument("--ablate", action="store_true", help="also held out without each feature in turn")
    parser.add_argument("--processes", type=int, default=1, help="journals that are made at once")
    parser.add_argument("--json", action="store_true", help="print one object besides")
    arguments = parser.parse_args()
    if "JOURNAL_CORPUS" not in os.environ:
        print("JOURNAL_CORPUS names no folder with retrieval/*.jsonl.gz: there is nothing to learn from")
        return
    sets = all_cases(Path(os.environ["JOURNAL_CORPUS"]), arguments.processes)
    served = np.array(list(WEIGHTS.values()))
    final = learn([one for cases in sets.values() for one in cases], arguments.without)
    lines = {
        "rank.py": figures(sets, lambda _: served),
        "held out": held_out(sets, arguments.without),
        "learned from all": figures(sets, lambda _: final),
    }
    print(f"{'recall@10, MRR':<22}", *(f"{name:>18}" for name in lines["rank.py"]))
    for label, measured in lines.items():
        print_line(label, measured)
    for name in FEATURES if arguments.ablate else ():
        print_line(f"held out, no {name}", held_out(sets, {*arguments.without, name}))
    weights = {name: round(float(value), 2) for name, value in zip(FEATURES, final, strict=True)}
    print("weights:", json.dumps(weights))
    if arguments.json:
        print(json.dumps({"figures": lines, "weights": weights}))


if __name__ == "__main__":
    main()
