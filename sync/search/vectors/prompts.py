"""What some models want in front of a text, by their model cards."""

from __future__ import annotations

from sync.search.vectors.embedder import Kind

_PROMPTS = {
    "e5": ("query: ", "passage: "),  # intfloat/multilingual-e5-small: "even for non-English texts"
    "nomic-embed": ("search_query: ", "search_document: "),  # nomic-ai/nomic-embed-text-v1.5
}
_OF_INSTRUCTED = "instruct"  # intfloat/multilingual-e5-large-instruct wants a task, not these


def prompted(model: str, text: str, kind: Kind) -> str:
    """A text as a model was trained to read it: most want it as it is.

    Args:
        model: the model's name at its hub.
        text: what is embedded.
        kind: whether it asks or answers.
    """
    name = model.rpartition("/")[2].lower()
    if _OF_INSTRUCTED in name:
        return text
    for mark, (query, passage) in _PROMPTS.items():
        if name.startswith(mark) or f"-{mark}-" in name:
            return (query if kind is Kind.QUERY else passage) + text
    return text
