"""What SQLite itself is told to refuse: writing, files, settings, functions that are not known, whatever is huge."""

from __future__ import annotations

import sqlite3
import sys
import time
from dataclasses import dataclass, field

from sync.search.structured.schema import FOLD, TABLES, VIEWS

MEBIBYTE = 1 << 20
MAX_STATEMENT = 100_000  # bytes
MAX_VALUE = 64 * MEBIBYTE
MAX_MEMORY = 1024 * MEBIBYTE
"""Bytes that SQLite may take in this process, everything that is open in it together, from the first statement on."""

FUNCTIONS = frozenset(
    (
        f"{FOLD} "
        # https://www.sqlite.org/lang_corefunc.html, less load_extension, and what only tells of the library
        "abs changes char coalesce concat concat_ws format glob hex if ifnull iif instr last_insert_rowid length like "
        "likelihood likely lower ltrim max min nullif octet_length printf quote random randomblob replace round rtrim "
        "sign soundex sqlite_version substr substring total_changes trim typeof unhex unicode unistr unistr_quote "
        "unlikely upper zeroblob "
        # https://www.sqlite.org/lang_aggfunc.html
        "avg count group_concat median percentile percentile_cont percentile_disc string_agg sum total "
        # https://www.sqlite.org/windowfunctions.html
        "row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value "
        # https://www.sqlite.org/lang_datefunc.html
        "date time datetime julianday unixepoch strftime timediff current_date current_time current_timestamp "
        # https://www.sqlite.org/lang_mathfunc.html
        "acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi pow "
        "power radians sin sinh sqrt tan tanh trunc "
        # https://www.sqlite.org/json1.html
        "json json_array json_array_length json_each json_error_position json_extract json_group_array "
        "json_group_object json_insert json_object json_patch json_pretty json_quote json_remove json_replace json_set "
        "json_tree json_type json_valid -> ->>"
    ).split()
)
_PRAGMAS = frozenset({"table_info", "table_xinfo", "table_list"})
_EPONYMOUS = ("json_each", "json_tree", "pragma_table_info", "pragma_table_xinfo")
_READABLE = {one.name for one in (*TABLES, *VIEWS)} | {*_EPONYMOUS, "sqlite_master", "sqlite_schema"}
_OWN = frozenset(one.name for one in TABLES)
_DOING = {
    getattr(sqlite3, f"SQLITE_{name}"): name.replace("_", " ")
    for name in (
        "INSERT UPDATE DELETE ATTACH DETACH PRAGMA TRANSACTION SAVEPOINT ALTER_TABLE ANALYZE REINDEX CREATE_TABLE "
        "CREATE_TEMP_TABLE CREATE_INDEX CREATE_TEMP_INDEX CREATE_TRIGGER CREATE_TEMP_TRIGGER CREATE_VIEW "
        "CREATE_TEMP_VIEW CREATE_VTABLE DROP_TABLE DROP_TEMP_TABLE DROP_INDEX DROP_TRIGGER DROP_VIEW DROP_VTABLE"
    ).split()
}
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: MAX_VALUE,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: MAX_STATEMENT + 100,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 500,  # the thread that works has a smaller stack than the main one
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 100,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,  # matching takes pattern times text, and cannot be interrupted
}
_STEPS = 1_000  # of SQLite's machine between two looks at the clock, well below a millisecond


@dataclass(slots=True, kw_only=True)
class Guard:
    """What watches one statement, and what it has seen.

    Attributes:
        seconds: how long the statement may take, from `close_to_writing` on.
        reads: table -> columns that it reads.
        refused: what it was refused, in words; empty where it was refused nothing.
        missing: a table that SQLite has and a journal has not; empty where it asked for none.
        is_late: whether it took too long.
    """

    seconds: float
    reads: dict[str, set[str]] = field(default_factory=dict)
    refused: str = ""
    missing: str = ""
    is_late: bool = False
    _end: float = 0.0

    def close_to_writing(self, connection: sqlite3.Connection) -> None:
        """From here on the connection reads, for so long, and so much; nothing can be undone by a statement."""
        for name in _EPONYMOUS:  # SQLite makes such a table where it is first named, which a statement may not
            connection.execute(f"SELECT 1 FROM {name}('[]')").close()  # noqa: S608 (names of ours)
        connection.execute(f"PRAGMA hard_heap_limit = {MAX_MEMORY}")
        for statement in ("temp_store = MEMORY", "trusted_schema = OFF", "query_only = ON"):
            connection.execute(f"PRAGMA {statement}")
        if sys.version_info >= (3, 12):
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
        for limit, value in _LIMITS.items():
            connection.setlimit(limit, value)
        self._end = time.monotonic() + self.seconds
        connection.set_progress_handler(self._look, _STEPS)
        connection.set_authorizer(self._authorize)

    def _look(self) -> int:
        self.is_late = self.is_late or time.monotonic() > self._end
        return int(self.is_late)

    def _authorize(
        self, action: int, first: str | None, second: str | None, _database: str | None, _inside: str | None
    ) -> int:
        """SQLite asks before it does anything. Source: https://www.sqlite.org/c3ref/set_authorizer.html."""
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ:
            return self._authorize_read(first or "", second or "")
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in FUNCTIONS:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_PRAGMA and (first or "").lower() in _PRAGMAS:
            return sqlite3.SQLITE_OK
        self.refused = self.refused or _described(action, first or "", second or "")
        return sqlite3.SQLITE_DENY

    def _authorize_read(self, table: str, column: str) -> int:
        name = table.lower()
        if name not in _READABLE:
            self.missing = self.missing or table
            return sqlite3.SQLITE_DENY
        if name in _OWN:
            self.reads.setdefault(name, set()).update({column.lower()} - {"", "rowid"})
        return sqlite3.SQLITE_OK


def _described(action: int, first: str, second: str) -> str:
    """What SQLite asked for leave to do."""
    if action == sqlite3.SQLITE_FUNCTION:
        return f"{second}()"
    if action == sqlite3.SQLITE_PRAGMA:
        return f"PRAGMA {first}"
    if first in {"sqlite_master", "sqlite_temp_master"}:
        return "making or changing tables"
    return _DOING.get(action, "this")
