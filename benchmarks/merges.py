"""How fast entries merge, and how many of them: real merges, against `git merge-file`.

    python benchmarks/merges.py [path/to/merges.jsonl.gz]

The file holds one JSON object a line with `base` (text or null), `ours`, `theirs` and `merged`, what was committed.
Without a path, `merges/dev.jsonl.gz` below the folder that JOURNAL_CORPUS names is read. Prints one JSON object:

    merges_per_second   of processor time, without reading the file; the best of the rounds
    ratio_to_git        how many times faster than one `git merge-file` process a merge, in the same run
    clean, git_clean    the part without a conflict
    equal, git_equal    the part that is byte for byte what was committed
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sync.merge.entry import merge_entry

ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One merge that somebody made; `base` is None where the sides never had a text in common."""

    base: str | None
    ours: str
    theirs: str
    merged: str


def load_cases(path: Path) -> list[Case]:
    """The merges of a file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    return [Case(**{name: one[name] for name in ("base", "ours", "theirs", "merged")}) for one in found]


def processor_time() -> float:
    """Seconds of processor time, of this process and of those that it has waited for."""
    return sum(os.times()[:4])


def merge_all(cases: Sequence[Case]) -> tuple[float, list[str | None]]:
    """(seconds of the fastest round, results)."""
    results: list[str | None] = []
    best = float("inf")
    for _ in range(ROUNDS):
        start = processor_time()
        results = [merge_entry(one.base, one.ours, one.theirs)[0] for one in cases]
        best = min(best, processor_time() - start)
    return best, results


def merge_all_with_git(cases: Sequence[Case], folder: Path) -> tuple[float, list[str | None]]:
    """(seconds of starting Git and of Git itself, results); writing the files is not counted."""
    results: list[str | None] = []
    taken = 0.0
    names = [folder / name for name in ("ours", "base", "theirs")]
    command = ["git", "merge-file", "-p", "--diff3", *map(str, names)]
    for one in cases:
        for name, text in zip(names, (one.ours, one.base or "", one.theirs), strict=True):
            name.write_bytes(text.encode())
        start = processor_time()
        done = subprocess.run(command, capture_output=True, check=False)
        taken += processor_time() - start
        results.append(None if done.returncode else done.stdout.decode())
    return taken, results


def share(part: int, cases: Sequence[Case]) -> float:
    """A part of all cases, four digits."""
    return round(part / len(cases), 4)


def main() -> None:
    """Measure and print."""
    corpus = Path(os.environ.get("JOURNAL_CORPUS", "."))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=corpus / "merges/dev.jsonl.gz", help="the file of merges")
    cases = load_cases(parser.parse_args().data)
    seconds, ours = merge_all(cases)
    with tempfile.TemporaryDirectory() as folder:
        git_seconds, git = merge_all_with_git(cases, Path(folder))
    found = {"cases": len(cases), "merges_per_second": round(len(cases) / seconds)}
    shares = {"ratio_to_git": round(git_seconds / seconds, 2)}
    for prefix, results in (("", ours), ("git_", git)):
        shares[f"{prefix}clean"] = share(sum(text is not None for text in results), cases)
        equal = sum(text == one.merged for text, one in zip(results, cases, strict=True))
        shares[f"{prefix}equal"] = share(equal, cases)
    print(json.dumps(found | shares))


if __name__ == "__main__":
    main()
