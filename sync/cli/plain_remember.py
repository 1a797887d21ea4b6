"""`journal remember CONTEXT KEY VALUE` without what parses every other command line.

Remembering takes a millisecond, and importing click takes as long as all the rest. Any other form goes the usual way.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

_WITH_VALUE = {"--ttl": "ttl", "--type": "type", "--retention": "retention"}


class Plain:
    """What is to be remembered.

    Attributes:
        context, key, value: see `MemoryManager.remember`; the value is text.
        options: `importance`, `ttl`, `type` and `retention`, those that were given.
        as_json: whether to print JSON.
    """

    def __init__(self, words: Sequence[str], options: dict[str, Any], *, as_json: bool) -> None:
        self.context, self.key, self.value = words
        self.options, self.as_json = options, as_json


def parse_plain(arguments: Sequence[str]) -> Plain | None:
    """The plain form, from the arguments behind `remember`; None where they are of another form."""
    left = list(arguments)
    words: list[str] = []
    options: dict[str, Any] = {}
    as_json = False
    while left:
        argument = left.pop(0)
        if argument == "--json":
            as_json = True
        elif argument == "--importance" and left and (number := _fraction(left[0])) is not None:
            options["importance"] = number
            left.pop(0)
        elif argument in _WITH_VALUE and left and not left[0].startswith("-"):
            options[_WITH_VALUE[argument]] = left.pop(0)
        elif argument.startswith("-"):
            return None
        else:
            words.append(argument)
    return Plain(words, options, as_json=as_json) if len(words) == 3 else None


def run_plain(plain: Plain) -> int:
    """Remember it in the journal of the present folder, say what became of it, and return the exit code."""
    import gc

    from sync.cli.failure import reported

    gc.disable()  # looking for garbage while everything is imported takes a tenth of the time, and finds none

    def work() -> int:
        from sync.cli.remembering import remember_and_show

        return remember_and_show(
            Path(), plain.context, plain.key, plain.value, options=plain.options, as_json=plain.as_json
        )

    return reported(work, as_json=plain.as_json)


def _fraction(written: str) -> float | None:
    """A number from 0 to 1, written with digits and one point; None for anything else."""
    whole, _point, rest = written.partition(".")
    if not written.isascii() or not whole.isdigit() or (rest and not rest.isdigit()) or len(written) > 20:
        return None
    number = float(written)
    return number if number <= 1 else None
