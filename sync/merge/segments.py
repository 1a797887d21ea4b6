"""A front matter cut into its keys, each with its exact text, so that merging moves bytes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import yaml

from sync.document import yaml12
from sync.document.entry import TEXT_KEYS
from sync.document.yaml12 import Value

_MAX_NODES = 20_000


@dataclass(frozen=True, slots=True)
class Segment:
    """One `key: value` of a block mapping.

    Attributes:
        text: its lines, with the comments and blank lines above it.
        value: what it holds.
        node: the value's node; its marks are offsets in the text that `cut_mapping` was given.
        start: where the segment starts in that text.
    """

    text: str
    value: Value
    node: yaml.Node
    start: int


def cut_mapping(text: str, node: yaml.MappingNode, start: int, end: int, *, top: bool) -> dict[str, Segment] | None:
    """The segments of a block mapping, in order; None where its keys do not stand on lines of their own.

    Args:
        text: what the node was composed from, line endings LF.
        node: the mapping.
        start, end: the mapping's lines.
        top: whether it is the front matter itself, where some keys hold text whatever they look like.

    Raises:
        DocumentError: see `yaml12.to_value`; a key that is written twice, for one.
    """
    if node.flow_style or not node.value:
        return None
    starts = [start]
    for _key, value in node.value[:-1]:
        starts.append(_next_line(text, content_end(value)))
    starts.append(end)
    budget = iter(range(_MAX_NODES))
    found: dict[str, Segment] = {}
    for (key, value), (low, high) in zip(node.value, pairwise(starts), strict=True):
        name = key.value
        line_start = text.rfind("\n", 0, key.start_mark.index) + 1
        if not isinstance(key, yaml.ScalarNode) or name in found or not low <= line_start < high:
            return None
        before = text[line_start : key.start_mark.index].strip()
        if (before and (found or before != "-")) or content_end(value) > high:
            return None
        as_text = top and name in TEXT_KEYS
        found[name] = Segment(text[low:high], yaml12.to_value(value, text=as_text, budget=budget), value, low)
    return found


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a block sequence.

    Attributes:
        text: its lines, with the comments and blank lines below it.
        node: its node; marks are offsets in `source`, as `start` is.
    """

    text: str
    node: yaml.Node
    start: int
    source: str

    def keys(self) -> dict[str, Segment] | None:
        """The segments of an item that is a block mapping; None where it is none, or shares lines."""
        if not isinstance(self.node, yaml.MappingNode):
            return None
        return cut_mapping(self.source, self.node, self.start, self.start + len(self.text), top=False)


def cut_items(text: str, node: yaml.SequenceNode, end: int) -> list[Item] | None:
    """The items of a block sequence, in order; None where they do not stand on lines of their own.

    Args:
        text: what the node was composed from, line endings LF.
        node: the sequence.
        end: where the last item's lines end.
    """
    if node.flow_style:
        return None
    starts = [text.rfind("\n", 0, one.start_mark.index) + 1 for one in node.value]
    if len(set(starts)) < len(starts):
        return None
    spans = zip(node.value, pairwise([*starts, end]), strict=True)
    return [Item(text[low:high], one, low, text) for one, (low, high) in spans]


def content_end(node: yaml.Node) -> int:
    """Where a node's last character stands; the scanner's own mark of a block value is that of the next token."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return content_end(last[1] if isinstance(last, tuple) else last)
    start, end = int(node.start_mark.index), int(node.end_mark.index)
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        return end  # the marks of a block scalar are its own lines
    return max(start, end)


def _next_line(text: str, offset: int) -> int:
    """The start of the line behind the one that an offset is in; the offset itself where a line starts there."""
    if offset and text[offset - 1] == "\n":
        return offset
    found = text.find("\n", offset)
    return len(text) if found < 0 else found + 1
