"""A merged list written with the bytes its items have on the sides."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import yaml

from sync.document import yaml12
from sync.document.scalars import render_value
from sync.document.yaml12 import Value
from sync.merge.diff3 import pick
from sync.merge.segments import Segment, content_end, cut_items
from sync.merge.values import canonical


@dataclass(frozen=True, slots=True)
class _List:
    """The text of a key that holds a list.

    Attributes:
        head, tail: what stands before and behind the items (or brackets).
        is_flow: whether the items stand in brackets.
        indent: what stands before the dash of an item.
        items: canonical value -> text: in brackets the item alone, else its lines.
    """

    head: str
    tail: str
    is_flow: bool
    indent: str
    items: Mapping[Hashable, str]


def merge_items(
    values: Sequence[Value], base: Segment | None, ours: Segment | None, theirs: Segment | None
) -> str | None:
    """The lines of a key that holds a list, with other items.

    Args:
        values: the merged items; each stands on one of the sides.
        base, ours, theirs: the key on the sides; None where one has no such key.

    Returns:
        The lines, in the style of the side that changed it; None where the texts of the sides do not fit together.
    """
    sides = [_cut(side) if side else None for side in (base, ours, theirs)]
    if any(side and cut is None for side, cut in zip((base, ours, theirs), sides, strict=True)):
        return None
    is_flow = _style(sides)
    styled = [side if side and side.is_flow is is_flow else None for side in sides]
    frame = [_part(styled, name, sides) for name in ("head", "tail", "indent")]
    head, tail, indent = frame
    if head is None or tail is None or indent is None:
        return None
    texts = [_text(value, styled, indent=indent, is_flow=is_flow) for value in values]
    written = [text for text in texts if text is not None]
    if len(written) < len(texts):
        return None
    if is_flow:
        return f"{head}[{', '.join(written)}]{tail}"
    return head + "".join(written) + tail if written else f"{head.rstrip()} []\n{tail}"


def _style(sides: Sequence[_List | None]) -> bool:
    """Whether the items are to stand in brackets."""
    base, ours, theirs = (side.is_flow if side and side.items else None for side in sides)  # `[]` is no style
    if ours is None or theirs is None:
        return next((flow for flow in (ours, theirs, base) if flow is not None), True)
    return bool(pick(base, ours, theirs))


def _part(
    styled: Sequence[_List | None], name: Literal["head", "tail", "indent"], sides: Sequence[_List | None]
) -> str | None:
    """The head, tail or indentation: of the side that changed it; None where two changed it and one has a comment."""
    base, ours, theirs = (getattr(side, name) if side else None for side in styled)
    if ours is None or theirs is None:
        found = [part for part in (ours, theirs) if part is not None]
    else:
        merged = pick(base, ours, theirs)
        found = [merged] if merged is not None else sorted((ours, theirs))
    unseen = [getattr(side, name) for side in sides if side and side not in styled]
    if not found or ((len(found) > 1 or unseen) and any("#" in part for part in (*found, *unseen))):
        return None
    return str(found[0])


def _text(value: Value, sides: Sequence[_List | None], *, indent: str, is_flow: bool) -> str | None:
    """An item as the side that changed its text has it, else as both have it."""
    key = canonical("", value)
    base, ours, theirs = (side.items.get(key) if side else None for side in sides)
    found = [text for text in (ours, theirs) if text is not None] or [text for text in (base,) if text is not None]
    if not found:
        if isinstance(value, list | dict):
            return None
        return render_value(value, flow=True) if is_flow else f"{indent}- {render_value(value)}\n"
    text = found[0] if len(found) < 2 else pick(base, *found)
    if text is None and "#" not in "".join(found):
        text = min(found)
    if text is None or is_flow or text.startswith(f"{indent}-"):
        return text
    return f"{indent}{text.lstrip(' ')}" if text.count("\n") == 1 else None


def _cut(segment: Segment) -> _List | None:
    node = yaml12.compose(segment.text)
    value = node.value[0][1] if node is not None else None
    text = segment.text
    if not isinstance(value, yaml.SequenceNode):
        # Nothing is written: the list's place is behind the colon.
        at = text.find("\n") + 1
        return _List(text[:at], text[at:], False, "", {}) if segment.value is None and "#" not in text else None
    keys = [canonical("", one) for one in segment.value] if isinstance(segment.value, list) else []
    if value.flow_style:
        start, end = value.start_mark.index, value.end_mark.index
        spans = [(one.start_mark.index, one.end_mark.index) for one in value.value]
        between = [text[low:high] for (_, low), (high, _) in pairwise([(start, start), *spans, (end, end)])]
        if any("#" in gap for gap in between):
            return None
        items = [text[low:high] for low, high in spans]
        return _List(text[:start], text[end:], True, "", dict(zip(keys, items, strict=True)))
    last = text.find("\n", content_end(value.value[-1]) - 1) + 1 or len(text)
    cut = cut_items(text, value, last)
    if cut is None:
        return None
    first = cut[0].text
    indent = first[: len(first) - len(first.lstrip(" "))]
    return _List(
        text[: cut[0].start], text[last:], False, indent, dict(zip(keys, (one.text for one in cut), strict=True))
    )
