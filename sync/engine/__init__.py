"""Deciding what is to be done (pure), then doing it in one place."""
