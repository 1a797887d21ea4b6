"""The inverted index on tantivy: small on disk, and as fast with a million passages as people type.

Source: https://docs.rs/tantivy; it scores with BM25, k1 = 1.2 and b = 0.75.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import tantivy

from sync.search.index.faults import DamagedIndexError, of_words
from sync.search.index.words import Lookup

_HEAP = 64_000_000  # bytes of memory before a segment is written
_SEGMENTS = 24  # of more of them a search feels each; merging them takes longer than ten updates
_TOKENIZER = "terms"
_TEXT, _HEADING, _ENTRY, _ID = "text", "heading", "entry", "id"


class TantivyWords:
    """`Words` on tantivy.

    Args:
        folder: where the two indexes lie, each in a folder of its own; None for memory.

    Raises:
        DamagedIndexError: they cannot be read.
        UnwritableIndexError: they cannot be written.
    """

    def __init__(self, folder: Path | None) -> None:
        self._passages = _Half(folder and folder / "passages", (_TEXT,))
        self._entries = _Half(folder and folder / "entries", (_TEXT, _HEADING))

    def add(
        self, entry: int, passages: Mapping[int, Sequence[str]], whole: Sequence[str], heading: Sequence[str]
    ) -> None:
        """See `Words`."""
        for id_, near in passages.items():
            self._passages.add(id_, entry, (" ".join(near),))
        self._entries.add(entry, entry, (" ".join(whole), " ".join(heading)))

    def remove(self, entries: Sequence[int]) -> None:
        """See `Words`."""
        for entry in entries:
            self._passages.remove(entry)
            self._entries.remove(entry)

    def commit(self) -> None:
        """See `Words`."""
        self._entries.commit()
        self._passages.commit()

    def reload(self) -> None:
        """See `Words`."""
        self._entries.reload()
        self._passages.reload()

    def close(self) -> None:
        """See `Words`."""
        self._entries.close()
        self._passages.close()

    def find_passages(self, lookup: Lookup) -> list[tuple[int, float]]:
        """See `Words`."""
        return self._passages.find(lookup, _TEXT)

    def find_entries(self, lookup: Lookup) -> list[tuple[int, float]]:
        """See `Words`."""
        return self._entries.find(replace(lookup, required=frozenset()), _TEXT)

    def find_headings(self, lookup: Lookup) -> list[tuple[int, float]]:
        """See `Words`."""
        return self._entries.find(replace(lookup, required=frozenset()), _HEADING)

    def frequency(self, term: str) -> int:
        """See `Words`."""
        return self._passages.frequency(term)

    def terms_like(self, prefix: str, limit: int) -> list[str]:
        """See `Words`."""
        return self._passages.terms_like(prefix, limit)

    @property
    def passages(self) -> int:
        """See `Words`."""
        return self._passages.count

    @property
    def entries(self) -> int:
        """See `Words`."""
        return self._entries.count


class _Half:
    """One index, of passages or of entries."""

    def __init__(self, folder: Path | None, fields: Sequence[str]) -> None:
        self._fields = fields
        builder = tantivy.SchemaBuilder()
        for field in fields:
            builder.add_text_field(field, tokenizer_name=_TOKENIZER, index_option="freq")
        builder.add_unsigned_field(_ENTRY, indexed=True)
        builder.add_unsigned_field(_ID, fast=True)
        self._schema = builder.build()
        with _read():
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
            self._index = tantivy.Index(self._schema, path=str(folder) if folder else None)
            tokenizer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
            self._index.register_tokenizer(_TOKENIZER, tokenizer)
            self._searcher = self._index.searcher()
        self._writer: tantivy.IndexWriter | None = None

    @property
    def count(self) -> int:
        return self._searcher.num_docs

    def add(self, id_: int, entry: int, texts: Sequence[str]) -> None:
        document = tantivy.Document()
        document.add_unsigned(_ID, id_)
        document.add_unsigned(_ENTRY, entry)
        for field, text in zip(self._fields, texts, strict=True):
            document.add_text(field, text)
        self._open_writer().add_document(document)

    def remove(self, entry: int) -> None:
        # Not by term: the binding makes a signed number of it, which no document holds.
        self._open_writer().delete_documents_by_query(tantivy.Query.term_query(self._schema, _ENTRY, entry))

    def commit(self) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        with _read():
            writer.commit()
            self.reload()
            if self._searcher.num_segments > _SEGMENTS:
                writer.wait_merging_threads()
                self.reload()

    def reload(self) -> None:
        with _read():
            self._index.reload()
            self._searcher = self._index.searcher()

    def close(self) -> None:
        self._writer = None

    def find(self, lookup: Lookup, field: str) -> list[tuple[int, float]]:
        must = [(tantivy.Occur.Must, self._any_of(field, lookup.terms))]
        if lookup.entries is not None:
            allowed = tantivy.Query.term_set_query(self._schema, _ENTRY, list(lookup.entries))
            must.append((tantivy.Occur.Must, tantivy.Query.const_score_query(allowed, 0.0)))
        needed = (tantivy.Query.const_score_query(self._term(_TEXT, term), 0.0) for term in lookup.required)
        must += [(tantivy.Occur.Must, one) for one in needed]
        with _read():
            query = tantivy.Query.boolean_query(must)
            hits = self._searcher.search(query, max(lookup.limit, 1), count=False).hits
            ids = self._searcher.fast_field_values(_ID, [address for _, address in hits])
        return [(int(id_ or 0), float(score)) for id_, (score, _) in zip(ids, hits, strict=True)]

    def frequency(self, term: str) -> int:
        try:  # asked a thousand times for a question
            return int(self._searcher.doc_freq(_TEXT, term))
        except (ValueError, OSError) as error:
            raise of_words(error) from error

    def terms_like(self, prefix: str, limit: int) -> list[str]:
        with _read():
            return [term for term, _ in self._searcher.terms_with_prefix(_TEXT, prefix, limit=limit)]

    def _any_of(self, field: str, terms: Mapping[str, float]) -> tantivy.Query:
        parts = [
            (tantivy.Occur.Should, tantivy.Query.boost_query(self._term(field, term), weight))
            for term, weight in terms.items()
        ]
        return tantivy.Query.boolean_query(parts)

    def _term(self, field: str, term: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, term, "freq")

    def _open_writer(self) -> tantivy.IndexWriter:
        if self._writer is None:
            with _read():
                self._writer = self._index.writer(_HEAP, 1)
        return self._writer


@contextlib.contextmanager
def _read() -> Iterator[None]:
    """Faults of the library, which are ValueErrors and panics, as ours."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise of_words(error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise DamagedIndexError(str(error)) from error
