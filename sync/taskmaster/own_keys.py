"""The keys of a memory's metadata that this program writes itself; all begin with `_`, as no writer's own may."""

from __future__ import annotations

ARCHIVED = "_archived"
"""The memory was put away: when, and why."""
SOURCES = "_sources"
"""The memories that it was compressed from."""
CONTRADICTS = "_contradicts"
"""The memories that say otherwise."""
FROM, KEY, RULE, ROLE, VERSION = "_shared_from", "_shared_key", "_shared_rule", "_shared_role", "_shared_version"
"""Of what was shared: context and key of the source, the rule, who shared it, and which version of the source."""
TRANSFORM = "_shared_transform"
"""What was done to its value on the way, see `mark_of`; left out where nothing was."""
REFERENCE = "_shared_to"
"""In the source of a rule that leads both ways: where the memory went."""
