"""Several who open a new file of SQLite at the same moment."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from sync.repository.wal import log_ahead


def mode(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        return str(database.execute("pragma journal_mode").fetchone()[0])


def test_who_switches_while_another_writes_waits_for_it(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as writer,
        closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        writer.execute("begin exclusive")
        writer.execute("create table t (x)")
        switching = pool.submit(log_ahead, other, 30)
        threading.Event().wait(0.05)
        assert not switching.done()
        writer.execute("commit")
        switching.result()

    assert mode(path) == "wal"


def test_who_waits_in_vain_says_so(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as writer,
        closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other,
    ):
        writer.execute("begin exclusive")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            log_ahead(other, 0.03)


def test_what_is_no_database_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database " * 100)
    with closing(sqlite3.connect(tmp_path / "text")) as database, pytest.raises(sqlite3.DatabaseError):
        log_ahead(database, 30)
