"""From SQLite's errors to one line that says what is wrong, where, and what is near. Pure."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable
from difflib import get_close_matches

from sync.document.fault import position
from sync.errors import JournalError, RefusedError, RetryError, UsageError
from sync.search.structured.guard import FUNCTIONS, MAX_MEMORY, MAX_STATEMENT, MAX_VALUE, MEBIBYTE, Guard
from sync.search.structured.schema import TABLES, VIEWS

HINT = "the tables and their columns: journal sql --schema"
_MISSING = re.compile(r"no such (?P<what>table|column|function): (?P<name>.*)", re.DOTALL)
_NEAR = re.compile(r'(?:near|unrecognized token:) "(?P<token>.*?)"(?:: syntax error)?\Z', re.DOTALL)
_UNKNOWN = re.compile(r"vtable constructor failed: (\w+)")
_FIXED = re.compile(r"table \w+ may not be modified")
_WRITING = 'entries are files: edit them, or run: journal new "A title"'
_LONGEST = 200
_MOST = 100  # places of a word that are tried


class TimeLimitError(RetryError):
    """A statement took longer than it may."""

    code = "time-limit"


def checked(statement: str) -> str:
    """The same statement, if SQLite can be given it.

    Raises:
        UsageError: it is empty, too long, not UTF-8, or holds a NUL.
    """
    try:
        size = len(statement.encode())
    except UnicodeEncodeError as error:
        raise UsageError("the statement is not UTF-8") from error
    if not statement.strip().strip(";").strip():
        raise UsageError("the statement is empty", hint='try: journal sql "select date, title from recent limit 5"')
    if size > MAX_STATEMENT:
        raise UsageError(f"the statement has {size:,} bytes; {MAX_STATEMENT:,} is the most")
    if "\0" in statement:
        line, column = position(statement, statement.index("\0"))
        raise UsageError(f"line {line}, column {column}: the statement holds a NUL")
    return statement


def late(seconds: float) -> TimeLimitError:
    """The error of a statement that takes too long."""
    hint = "ask for less, or allow more with --timeout SECONDS"
    return TimeLimitError(f"the statement took longer than {seconds:g} s and was stopped", hint=hint)


def too_much() -> RefusedError:
    """The error of a statement, or of tables, that do not fit in memory."""
    hint = "ask for fewer columns, or leave out body and text"
    return RefusedError(f"the statement needs more than {MAX_MEMORY // MEBIBYTE:,} MiB", hint=hint)


def explained(error: Exception, statement: str, guard: Guard, tell: Callable[[str], str]) -> JournalError:
    """The error to show for one that SQLite raised.

    Args:
        error: what was raised.
        statement: what it was raised for.
        guard: what watched it.
        tell: SQLite's message for another statement; empty where it is a right one.
    """
    message = str(error)
    if unknown := _UNKNOWN.match(message):  # a table of SQLite's own, made where it is named
        message = f"no such table: {unknown[1]}"
    elif guard.refused or _FIXED.match(message):
        what = guard.refused or "making or changing tables"
        hint = HINT if what.endswith(")") or what.startswith("PRAGMA") else _WRITING
        return RefusedError(f"journal sql only reads: {what} is refused", hint=hint)
    if guard.is_late:
        return late(guard.seconds)
    if isinstance(error, MemoryError):
        return too_much()
    if "too big" in message:
        return RefusedError(f"the statement makes a value of more than {MAX_VALUE // MEBIBYTE} MiB")
    if "one statement at a time" in message:
        return UsageError("there is more than one statement; journal sql runs one", hint="run them one after the other")
    if "incorrect number of bindings" in message.lower():
        return UsageError("the statement has parameters (?, :name), and nothing gives them values", hint=HINT)
    if guard.missing:
        message = f"no such table: {guard.missing}"
    place = _place(message, statement, tell)
    line = " ".join(message.split())
    line = line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
    return UsageError(f"{place}{line}", hint=_near(message) or HINT)


def _near(message: str) -> str:
    """The name that may have been meant."""
    found = _MISSING.match(message)
    if not found:
        return ""
    name = found["name"].rpartition(".")[2].lower()
    known: dict[str, Iterable[str]] = {
        "table": [one.name for one in (*TABLES, *VIEWS)],
        "column": sorted({name for one in (*TABLES, *VIEWS) for name in one.names}),
        "function": sorted(FUNCTIONS),
    }
    near = get_close_matches(name, known[found["what"]], n=1)
    return f"did you mean {near[0]}? {HINT}" if near else ""


def _place(message: str, statement: str, tell: Callable[[str], str]) -> str:
    """`line L, column C: `, where it can be told: SQLite names the word that it stopped at, not its place."""
    found = _NEAR.match(message)
    missing = _MISSING.match(message)
    if missing:
        word = missing["name"].rpartition(".")[2]
        places = [one.start() for one in re.finditer(rf"\b{re.escape(word)}\b", statement, re.I)]
        offset = places[0] if len(places) == 1 else -1
    elif found:
        offset = _offset(found["token"], message, statement, tell)
    elif message == "incomplete input":
        offset = len(statement.rstrip())
    else:
        return ""
    if offset < 0:
        return ""
    line, column = position(statement, offset)
    return f"line {line}, column {column}: "


def _offset(token: str, message: str, statement: str, tell: Callable[[str], str]) -> int:
    """The first place of a token at which a statement that ends there fails as the whole one does."""
    start = -1
    for _ in range(_MOST):
        start = statement.find(token, start + 1)
        if start < 0 or tell(statement[: start + len(token)]) == message:
            return start
    return -1


ERRORS = (sqlite3.Error, sqlite3.Warning, MemoryError, OverflowError, RecursionError)
"""What a statement can make SQLite's module raise."""
