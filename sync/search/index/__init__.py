"""The index: what can be found, by version of an entry, on disk below `.git/journal` and thrown away at will."""
