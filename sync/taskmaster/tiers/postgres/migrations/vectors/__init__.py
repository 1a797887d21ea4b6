"""Revisions of the table of vectors."""
