"""A merged list written with the bytes its items have on the sides."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import yaml

from sync.document import yaml12
from sync.document.scalars import render_value
from sync.document.yaml12 import Value
from sync.merge.segments import Segment, content_end
from sync.merge.values import canonical


def merge_items(values: Sequence[Value], sides: Sequence[Segment]) -> str | None:
    """The lines of a key that holds a list, with other items.

    Args:
        values: the merged items; each stands on one of the sides.
        sides: the key on the sides, the base first where there is one.

    Returns:
        The lines, in the style of the first side that has items; None where the items' texts do not fit together.
    """
    cut = [found for side in sides if (found := _cut(side)) is not None]
    if not cut:
        return None
    head, tail, is_flow = cut[0][0], cut[0][1], cut[0][2]
    texts: dict[object, str] = {}
    for _head, _tail, flow, items in [cut[0], *sorted(cut[1:], key=lambda one: sorted(one[3].values()))]:
        for key, text in items.items():
            if flow == is_flow:
                texts.setdefault(key, text)
    wanted = []
    for value in values:
        written = texts.get(canonical("", value))
        if written is None:
            if isinstance(value, list | dict):
                return None
            written = render_value(value, flow=True) if is_flow else f"{_dash(cut[0][3])}{render_value(value)}\n"
        wanted.append(written)
    if is_flow:
        return f"{head}[{', '.join(wanted)}]{tail}"
    return head + "".join(wanted) + tail if wanted else None


def _cut(segment: Segment) -> tuple[str, str, bool, dict[object, str]] | None:
    """(text before the items, text behind them, whether they stand in brackets, canonical value -> text)."""
    node = yaml12.compose(segment.text)
    value = node.value[0][1] if node is not None else None
    if not isinstance(value, yaml.SequenceNode) or not value.value:
        return None
    keys = [canonical("", one) for one in segment.value] if isinstance(segment.value, list) else []
    text, nodes = segment.text, value.value
    if value.flow_style:
        items = [text[one.start_mark.index : one.end_mark.index] for one in nodes]
        head, tail = text[: value.start_mark.index], text[value.end_mark.index :]
        return head, tail, True, dict(zip(keys, items, strict=True))
    starts = [text.rfind("\n", 0, one.start_mark.index) + 1 for one in nodes]
    if len(set(starts)) < len(starts):
        return None
    last = text.find("\n", content_end(nodes[-1]) - 1) + 1 or len(text)
    lines = [text[low:high] for low, high in pairwise([*starts, last])]
    return text[: starts[0]], text[last:], False, dict(zip(keys, lines, strict=True))


def _dash(items: dict[object, str]) -> str:
    """The indentation and dash of a list's items."""
    first = next(iter(items.values()))
    return first[: len(first) - len(first.lstrip())] + "- "
