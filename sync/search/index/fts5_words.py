"""The inverted index on SQLite's FTS5, for machines that tantivy has no build for.

It finds the same and is slower with many passages: 100,000 of them and common words take ten times as long. Weights
of terms do not count here. Source: https://sqlite.org/fts5.html; `bm25` has k1 = 1.2 and b = 0.75, lower is better.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from sync.search.index.catalogue import passage_id
from sync.search.index.words import Lookup

# Terms are cut already: they are letters and digits, joined by these.
_TOKENIZER = "unicode61 remove_diacritics 0 tokenchars ''._-''"
_TABLES = f"""
create virtual table if not exists passage_words using fts5(text, tokenize = '{_TOKENIZER}');
create virtual table if not exists entry_words using fts5(text, heading, tokenize = '{_TOKENIZER}');
create virtual table if not exists temp.passage_terms using fts5vocab(main, passage_words, row);
"""
_FIND = {
    "passage": (
        "select rowid, -bm25(passage_words) from passage_words where passage_words match :terms"
        " and (:entries is null or rowid >> 20 in (select value from json_each(:entries))) order by rank limit :limit"
    ),
    "entry": (
        "select rowid, -bm25(entry_words) from entry_words where entry_words match :terms"
        " and (:entries is null or rowid in (select value from json_each(:entries))) order by rank limit :limit"
    ),
}


class Fts5Words:
    """`Words` on FTS5. It writes into the catalogue's own transaction, which commits it.

    Args:
        db: the catalogue's connection.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._db.executescript(_TABLES)

    def add(
        self, entry: int, passages: Mapping[int, Sequence[str]], whole: Sequence[str], heading: Sequence[str]
    ) -> None:
        """See `Words`."""
        rows = [(id_, " ".join(near)) for id_, near in passages.items()]
        self._db.executemany("insert into passage_words (rowid, text) values (?, ?)", rows)
        values = (entry, " ".join(whole), " ".join(heading))
        self._db.execute("insert into entry_words (rowid, text, heading) values (?, ?, ?)", values)

    def remove(self, entries: Sequence[int]) -> None:
        """See `Words`."""
        for entry in entries:
            ends = (passage_id(entry, 0), passage_id(entry + 1, 0) - 1)
            self._db.execute("delete from passage_words where rowid between ? and ?", ends)
            self._db.execute("delete from entry_words where rowid = ?", (entry,))

    def commit(self) -> None:
        """See `Words`: the catalogue's commit is this one's too."""

    def reload(self) -> None:
        """See `Words`: each statement sees what is committed."""

    def close(self) -> None:
        """See `Words`: the connection is the catalogue's."""

    def find_passages(self, lookup: Lookup) -> list[tuple[int, float]]:
        """See `Words`."""
        return self._find("passage", "text", lookup, lookup.required)

    def find_entries(self, lookup: Lookup) -> list[tuple[int, float]]:
        """See `Words`."""
        return self._find("entry", "text", lookup, frozenset())

    def find_headings(self, lookup: Lookup) -> list[tuple[int, float]]:
        """See `Words`."""
        return self._find("entry", "heading", lookup, frozenset())

    def frequency(self, term: str) -> int:
        """See `Words`."""
        row = self._db.execute("select doc from temp.passage_terms where term = ?", (term,)).fetchone()
        return int(row[0]) if row else 0

    def terms_like(self, prefix: str, limit: int) -> list[str]:
        """See `Words`."""
        rows = self._db.execute(
            "select term from temp.passage_terms where term >= ? and term < ? limit ?",
            (prefix, f"{prefix}\U0010ffff", limit),
        )
        return [term for (term,) in rows]

    @property
    def passages(self) -> int:
        """See `Words`."""
        return int(self._db.execute("select count(*) from passage_words_docsize").fetchone()[0])

    @property
    def entries(self) -> int:
        """See `Words`."""
        return int(self._db.execute("select count(*) from entry_words_docsize").fetchone()[0])

    def _find(self, name: str, field: str, lookup: Lookup, required: frozenset[str]) -> list[tuple[int, float]]:
        any_of = " OR ".join(f'"{term}"' for term in lookup.terms)
        all_of = " AND ".join([f"{{{field}}} : ({any_of})", *(f'"{term}"' for term in sorted(required))])
        entries = None if lookup.entries is None else json.dumps(list(lookup.entries))
        values = {"terms": all_of, "entries": entries, "limit": lookup.limit}
        return [(int(id_), float(score)) for id_, score in self._db.execute(_FIND[name], values)] if any_of else []
