"""Generates journals to measure the search on: made-up words, as unevenly frequent as those of real texts.

    python benchmarks/search_journal.py FOLDER PASSAGES

Four words of ten are real stop words of French or English, an entry is in one of the two. The others are made of
syllables, 25,000 a language, with frequencies after Zipf and Mandelbrot: the word of rank r has a share in proportion
to 1 / (r + 10), which leaves the most frequent one in every hundredth place or so.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import accumulate, islice
from pathlib import Path

PASSAGES = 10  # an entry
WORDS = 25_000  # a language
STOP_SHARE = 0.4
_SHIFT = 10
_LENGTHS = range(8, 41)  # words of a sentence
_START = datetime(2005, 1, 1, 8, 0)  # noqa: DTZ001 (written into front matter, which names no zone)
_QUESTION_WORDS = 6


def _syllables(letters: str, pairs: str, vowels: str, codas: str) -> tuple[str, ...]:
    """Many, so that about as many words begin alike as in real texts; a pair of letters opens few of them."""
    closed = [vowel + coda for vowel in vowels.split() for coda in ("", *codas.split())]
    return (
        *(one + rest for one in letters for rest in closed),
        *(one + rest for one in pairs.split() for rest in closed[::4]),
    )


@dataclass(frozen=True)
class Tongue:
    """What the texts of one language are made of.

    Attributes:
        stop: stop words, the most frequent first.
        syllables: what words are made of.
        endings: what four words of ten end in, so that a stemmer has something to do.
        headings: of sections.
    """

    stop: Sequence[str]
    syllables: Sequence[str]
    endings: Sequence[str]
    headings: Sequence[str]

    @cached_property
    def words(self) -> list[str]:
        """The made-up words, the most frequent first, which are the shorter ones more often than not."""
        dice = random.Random(self.headings[0])
        found: dict[str, None] = {}
        while len(found) < WORDS:
            count = 2 + (dice.random() < 0.5 * len(found) / WORDS)
            stem = "".join(dice.choices(self.syllables, k=count))
            found[stem + (dice.choice(self.endings) if dice.random() < 0.4 else "")] = None
        return list(found)

    @cached_property
    def pool(self) -> list[str]:
        """All words of a text."""
        return [*self.stop, *self.words]

    @cached_property
    def shares(self) -> list[float]:
        """How frequent each word of the pool is, added up, for `random.choices`."""
        stop = [1 / rank for rank in range(1, len(self.stop) + 1)]
        words = [1 / (rank + _SHIFT) for rank in range(1, WORDS + 1)]
        made_up = [(1 - STOP_SHARE) / sum(words) * share for share in words]
        return list(accumulate([*(STOP_SHARE / sum(stop) * share for share in stop), *made_up]))


ENGLISH = Tongue(
    stop=(
        "the of and to in a is that for it as was with be by on not he his but at are this have from they which one "
        "were all we when there can an their has been if more no so will would about into them than then its some "
        "these two may other do only any my now such like our over me even most after also did many before must "
        "through where your how down because each just those people should"
    ).split(),
    syllables=_syllables("bcdfghjklmnprstvwyz", "br cl dr fl pr st th tr", "a e i o u ea ou", "n r l t s m"),
    endings="s ing ed er ly ness able".split(),
    headings=("What was done", "Errors and what they teach", "Next"),
)
FRENCH = Tongue(
    stop=(
        "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont la mais comme "
        "ou si leur y dont elle nous avec tout aussi même sans entre ces on être cette fait peut deux encore après "
        "très bien donc ainsi où puis sous vers chez avant moins lorsque ses son été avoir leurs notre aucun chaque"
    ).split(),
    syllables=_syllables("bcdfgjlmnprstv", "br ch cl gr pr qu tr", "a i o u é è y au", "n r l s t"),
    endings="s e es tion ment er eur ée ables".split(),
    headings=("Actions réalisées", "Résolution des erreurs, déductions tirées", "Suite"),
)


def make_search_journal(folder: Path, passages: int) -> Path:
    """A repository whose `journal/entries` have so many passages, committed, its work tree checked out."""
    folder.mkdir(parents=True)
    _git(folder, "init", "-q", "-b", "main")
    for name, value in (("user.name", "Ada Lovelace"), ("user.email", "ada@example.org"), ("gc.auto", "0")):
        _git(folder, "config", name, value)
    with subprocess.Popen(["git", "fast-import", "--quiet"], cwd=folder, stdin=subprocess.PIPE) as import_:
        stream = import_.stdin
        if stream is None:  # it is a pipe
            sys.exit("git fast-import cannot be written to")
        with stream:
            stream.write(b"commit refs/heads/main\ncommitter Ada <ada@example.org> 1743854400 +0000\ndata 0\n")
            for name, text in entries(passages):
                data = text.encode()
                stream.write(b"M 100644 inline journal/entries/%s\ndata %d\n%s\n" % (name.encode(), len(data), data))
    if import_.returncode:
        sys.exit("git fast-import failed")
    _git(folder, "reset", "-q", "--hard")
    return folder


def entries(passages: int) -> Iterator[tuple[str, str]]:
    """(file name, text) of entries that have so many passages together; the same ones every time."""
    dice = random.Random(passages)
    for number in range(-(-passages // PASSAGES)):
        moment = _START + timedelta(minutes=97 * number)
        yield f"{moment:%Y-%m-%d-%H-%M}-{number:06d}.md", _entry(moment, number, dice)


def sentences(dice: random.Random, tongue: Tongue, count: int) -> Iterator[str]:
    """Sentences of one language."""
    lengths = dice.choices(_LENGTHS, k=count)
    words = iter(dice.choices(tongue.pool, cum_weights=tongue.shares, k=sum(lengths)))
    for length in lengths:
        text = " ".join(islice(words, length))
        yield f"{text[0].upper()}{text[1:]}."


def made_questions(count: int) -> dict[str, list[str]]:
    """Questions of six made-up words by how frequent the words are; half of them are French. The same every time."""
    dice = random.Random(count)
    kinds = {"common words": (0, 100), "middle words": (1_000, 3_000), "rare words": (10_000, WORDS)}
    return {
        kind: [
            " ".join(dice.sample((FRENCH, ENGLISH)[number % 2].words[first:last], _QUESTION_WORDS))
            for number in range(count)
        ]
        for kind, (first, last) in kinds.items()
    }


def natural_questions(folder: Path, count: int) -> list[str]:
    """Ten to sixteen words in a row out of passages of a journal, stop words included, as questions."""
    dice = random.Random(count)
    names = sorted(one.name for one in (folder / "journal/entries").iterdir())
    found: list[str] = []
    while len(found) < count:
        lines = (folder / "journal/entries" / dice.choice(names)).read_text(encoding="utf-8").split("\n")
        words = dice.choice([line for line in lines if line.endswith(".")]).removeprefix("- ")[:-1].split()
        length = dice.randint(10, 16)
        if len(words) >= length:
            start = dice.randint(0, len(words) - length)
            found.append(" ".join(words[start : start + length]) + "?")
    return found


def _entry(moment: datetime, number: int, dice: random.Random) -> str:
    """Items under two headings, paragraphs before the first and under the last."""
    tongue = (FRENCH, ENGLISH)[dice.random() < 0.5]
    title = " ".join(dice.choices(tongue.words[:5_000], k=4))
    tags = ", ".join(dice.sample(tongue.words[:200], 2))
    said = list(sentences(dice, tongue, PASSAGES))
    done, errors, then = tongue.headings
    return (
        f"---\ndate: {moment:%Y-%m-%d}\nheure: {moment:%H-%M}\ntitle: {title} {number}\ntags: [{tags}]\nrelated: []\n"
        f"---\n\n# {title} {number}\n\n{said[0]}\n\n{said[1]}\n\n"
        f"## {done}\n\n- {said[2]}\n- {said[3]}\n- {said[4]}\n\n"
        f"## {errors}\n\n- {said[5]}\n- {said[6]}\n- {said[7]}\n\n"
        f"## {then}\n\n{said[8]}\n\n{said[9]}\n"
    )


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)


if __name__ == "__main__":
    make_search_journal(Path(sys.argv[1]), int(sys.argv[2]))
