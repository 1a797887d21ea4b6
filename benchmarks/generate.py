"""Journals of any size for the benchmarks: real Git repositories, the same on every run.

    python benchmarks/generate.py FOLDER 10000

The sizes of the entries are spread as in the real journal that the format comes from (a quarter below 300 bytes, half
below 420, some of 10 KB, 1.1 KB on average).
"""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

from sync.document.naming import slugify
from sync.document.scalars import render_value

_WORDS = (
    "erreur encodage fichier script module commit branche fusion mémoire journal entrée index recherche test cache "
    "parallèle requête réponse serveur schéma validation conflit base projet équipe règle motif accent ligne section"
).split()
_TAGS = "python git rag tests powershell optimisation documentation api cache no yes 10:30 1.10".split()
_SECTIONS = ("Actions réalisées", "Résolution des erreurs, déductions tirées", "Enseignements techniques")
_START = datetime(2015, 1, 1, 8, 0)  # noqa: DTZ001 (written into front matter, which names no zone)


def entry(number: int, dice: random.Random) -> tuple[str, str]:
    """(file name, text) of one entry."""
    moment = _START + timedelta(minutes=97 * number)
    title = f"{_phrase(dice, 5).capitalize()}: {number}"
    tags = dice.sample(_TAGS, dice.randint(0, 4))
    size = min(10_000, int(dice.lognormvariate(6.0, 1.1)))
    parts: list[str] = []
    while sum(len(part) for part in parts) < size:
        bullets = "\n".join(f"- {_phrase(dice, 12).capitalize()}." for _ in range(dice.randint(1, 4)))
        parts.append(f"## {dice.choice(_SECTIONS)}\n\n{bullets}\n")
    front = (
        f"---\ndate: {moment:%Y-%m-%d}\nheure: {moment:%H-%M}\ntitle: {render_value(title)}\n"
        f"tags: {render_value(list(tags))}\nrelated: []\n---\n\n"
    )
    return f"{moment:%Y-%m-%d-%H-%M}-{slugify(title)}.md", f"{front}# {title}\n\n" + "\n".join(parts)


def make_journal(folder: Path, count: int) -> Path:
    """A repository with so many committed entries in `journal/entries`, its work tree checked out."""
    dice = random.Random(count)
    folder.mkdir(parents=True)
    _git(folder, "init", "-q", "-b", "main")
    for name, value in (("user.name", "Ada Lovelace"), ("user.email", "ada@example.org"), ("gc.auto", "0")):
        _git(folder, "config", name, value)
    lines = [b"commit refs/heads/main\ncommitter Ada Lovelace <ada@example.org> 1743854400 +0000\ndata 7\nentries\n"]
    for number in range(count):
        name, text = entry(number, dice)
        data = text.encode()
        lines.append(b"M 100644 inline journal/entries/%s\ndata %d\n%s\n" % (name.encode(), len(data), data))
    _git(folder, "fast-import", "--quiet", stdin=b"".join(lines))
    _git(folder, "reset", "-q", "--hard")
    return folder


def _phrase(dice: random.Random, words: int) -> str:
    return " ".join(dice.choices(_WORDS, k=words))


def _git(folder: Path, *arguments: str, stdin: bytes | None = None) -> None:
    subprocess.run(["git", *arguments], cwd=folder, input=stdin, check=True)


if __name__ == "__main__":
    make_journal(Path(sys.argv[1]), int(sys.argv[2]))
