"""Revisions of the tables of memories."""
