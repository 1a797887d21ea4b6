"""Answering a question from passages: written by a language model, or quoted."""
