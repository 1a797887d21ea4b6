"""Searching by meaning: embedders, their vectors, and the blend with what the words say."""
