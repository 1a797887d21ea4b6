"""The journal as tables, for statements of SQL that only read."""
