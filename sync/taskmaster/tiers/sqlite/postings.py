"""Which memories of a context have which tokens.

What is written first goes to `fresh`, one row a memory, which a search reads through. When a context has many such
rows, or fewer and is read often, they are added to `postings`, one row a token, all at once: a page is then written for
many memories and not for one. Nothing is taken out of `postings` when a memory changes or goes: whoever reads it looks
at the memory itself. Once most of it is out of date it is made again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import count
from struct import pack, unpack

from sync.taskmaster.tiers.sqlite.rows import tokens_of_blob

_MANY = 256
_MANY_TO_READ = 32
_LOOK = 31
"""One write of so many looks whether its context has many, for counting costs as much as writing; a prime, so that no
pattern of contexts escapes."""
_calls = count()
_LOW = 0xFFFF_FFFF
_ADD = """
    insert into postings values (?, ?, ?)
    on conflict (context, token) do update set items = cast(items || excluded.items as blob)
"""
_LISTED = "select items from postings where context = ? and token = ?"


def add(db: sqlite3.Connection, context: int, item: int, tokens: bytes) -> None:
    """A memory has these tokens from now on (see `rows.tokens_blob`), perhaps none."""
    if not tokens:
        remove(db, context, item)
        return
    db.execute("insert or replace into fresh values (?, ?, ?)", (context, item, tokens))
    if next(_calls) % _LOOK == 0:
        (many,) = db.execute("select count(*) from fresh where context = ?", (context,)).fetchone()
        if many >= _MANY:
            _fold(db, context)


def crowded(db: sqlite3.Connection, contexts: Sequence[str]) -> list[int]:
    """Of some contexts, the numbers of those that have more fresh rows than is good for reading them often."""
    given = ",".join("?" * len(contexts))
    counted = "(select count(*) from fresh f where f.context = c.number)"
    asked = f"select number from contexts c where id in ({given}) and {counted} >= ?"  # noqa: S608 (constants)
    return [number for (number,) in db.execute(asked, (*contexts, _MANY_TO_READ))]


def settle(db: sqlite3.Connection, contexts: Iterable[int]) -> None:
    """Leave some contexts no fresh rows."""
    for context in contexts:
        _fold(db, context)


def remove(db: sqlite3.Connection, context: int, item: int) -> None:
    """A memory has no tokens any more."""
    db.execute("delete from fresh where context = ? and item = ?", (context, item))
    if next(_calls) % _LOOK == 0:
        tidy(db, context)


def tidy(db: sqlite3.Connection, context: int) -> None:
    """Make the postings of a context again where most of them are out of date, as after many memories went."""
    (posted,) = db.execute("select posted from contexts where number = ?", (context,)).fetchone()
    (live,) = db.execute("select count(*) from items where context = ?", (context,)).fetchone()
    if posted > 2 * live + _MANY or (posted and not live):
        _make_again(db, context)


def find(db: sqlite3.Connection, context: int, words: Iterable[Iterable[int]]) -> list[set[int]]:
    """For each word, the numbers of the memories that have one of its tokens, and of some that had it once."""
    fresh = db.execute("select item, tokens from fresh where context = ?", (context,)).fetchall()
    return [set[int]().union(*(_of_token(db, context, one, fresh) for one in word)) for word in words]


def _of_token(db: sqlite3.Connection, context: int, token: int, fresh: Iterable[tuple[int, bytes]]) -> set[int]:
    packed = pack("<q", token)
    found = {item for item, tokens in fresh if packed in tokens}
    row = db.execute(_LISTED, (context, token & _LOW)).fetchone()
    return found.union(_items(row[0])) if row else found


def _fold(db: sqlite3.Connection, context: int) -> None:
    rows = db.execute("select item, tokens from fresh where context = ?", (context,)).fetchall()
    _append(db, context, rows)
    db.execute("delete from fresh where context = ?", (context,))
    db.execute("update contexts set posted = posted + ? where number = ?", (len(rows), context))
    tidy(db, context)


def _make_again(db: sqlite3.Connection, context: int) -> None:
    for table in ("fresh", "postings"):
        db.execute(f"delete from {table} where context = ?", (context,))  # noqa: S608 (a constant)
    rows = db.execute("select number, tokens from items where context = ? and is_forgotten = 0", (context,)).fetchall()
    _append(db, context, rows)
    db.execute("update contexts set posted = ? where number = ?", (len(rows), context))


def _append(db: sqlite3.Connection, context: int, rows: Iterable[tuple[int, bytes]]) -> None:
    by_token: dict[int, list[int]] = {}
    for item, tokens in rows:
        for token in tokens_of_blob(tokens):
            by_token.setdefault(token & _LOW, []).append(item)
    db.executemany(
        _ADD, ((context, token, pack(f"<{len(items)}I", *items)) for token, items in sorted(by_token.items()))
    )


def _items(blob: bytes) -> tuple[int, ...]:
    return unpack(f"<{len(blob) // 4}I", blob)
