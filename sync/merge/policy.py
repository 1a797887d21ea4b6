"""Which rule merges which property of an entry's front matter."""

from __future__ import annotations

from enum import Enum


class Rule(Enum):
    """How a value that both sides changed is merged."""

    SCALAR = "both changed, differently: a conflict; never the last writer wins"
    SET = "what either side removed is gone, what either added is there"
    LIST = "three-way merge over the items"
    MAPPING = "key by key"
    CREATED = "the earlier of two new ones; it never changes afterwards"
    MACHINE_TIME = "the later one; machines write it"


POLICY = {
    "id": Rule.SCALAR,
    "name": Rule.SCALAR,
    "date": Rule.SCALAR,
    "heure": Rule.SCALAR,
    "title": Rule.SCALAR,
    "type": Rule.SCALAR,
    "importance": Rule.SCALAR,
    "tags": Rule.SET,
    "related": Rule.SET,
    "relations": Rule.SET,
    "created": Rule.CREATED,
    "updated": Rule.MACHINE_TIME,
    "last_used": Rule.MACHINE_TIME,
    "context": Rule.SCALAR,
    "key": Rule.SCALAR,
    "kind": Rule.SCALAR,
    "retention": Rule.SCALAR,
    "expires": Rule.SCALAR,
    "object": Rule.SCALAR,
    "size": Rule.SCALAR,
    "metadata": Rule.MAPPING,
}
"""Every property of the entry schema; a key that is not here merges by the kind of its value."""


def rule_for(path: str, *values: object) -> Rule:
    """The rule for a value.

    Args:
        path: keys joined by dots.
        values: what the sides have there; None where they have nothing.

    Returns:
        The policy's rule where the values are of its kind, else that of their kind.
    """
    present = [value for value in values if value is not None]
    rule = POLICY.get(path)
    if present and all(isinstance(value, list) for value in present):
        return rule if rule is Rule.SET else Rule.LIST
    if present and all(isinstance(value, dict) for value in present):
        return Rule.MAPPING
    return rule if rule in (Rule.CREATED, Rule.MACHINE_TIME) else Rule.SCALAR
