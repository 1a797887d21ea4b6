"""Three-way merge of front matter, key by key: the bytes of each key come from the side whose value it takes."""

from __future__ import annotations

from collections.abc import Mapping

from sync.document import yaml12
from sync.document.entry import TEXT_KEYS
from sync.document.splice import ABSENT
from sync.document.yaml12 import Value
from sync.errors import DocumentError
from sync.merge.decision import Decision, Piece, is_clean, taking
from sync.merge.keys import Segments, merge_keys
from sync.merge.lines import keeps_every_edit, split_lines
from sync.merge.segments import cut_mapping
from sync.merge.values import canonical, merge_mapping_values


def merge_front(base: str, ours: str, theirs: str) -> tuple[list[Piece], list[Decision]] | None:
    """The merged front matter, without its fences, and what was decided for each key that changed.

    Args:
        base, ours, theirs: the YAML of the sides, line endings LF; empty where a side has none.

    Returns:
        None where a side is not YAML, or is a mapping in braces: there is nothing to merge by key.
    """
    try:
        sides = [_cut(text) for text in (base, ours, theirs)]
    except DocumentError:
        return None
    if any(side is None for side in sides):
        return None
    before, one, other = (side or {} for side in sides)
    pieces, decisions = merge_keys("", before, one, other)
    if is_clean(pieces):
        merged = taking(pieces, "ours")
        if not (_is_wanted(merged, before, one, other) and _keeps_comments(base, ours, theirs, merged)):
            return None
    return pieces, decisions


def changed_keys_agree(base: str, ours: str, theirs: str, merged: str) -> bool:
    """Whether a front matter that was merged by lines is also right key by key.

    Where a side is not YAML, lines are all there is: the merge must then be YAML if both sides are.
    """
    sides = [_values(text) for text in (base, ours, theirs, merged)]
    before, one, other, found = sides
    if before is None or one is None or other is None:
        return (found is not None or one is None or other is None) and keeps_every_edit(
            *map(split_lines, (base, ours, theirs, merged))
        )
    return found is not None and _agree(before, one, other, found)


def _values(text: str) -> Mapping[str, Value] | None:
    try:
        return yaml12.load(text, as_text=TEXT_KEYS)
    except DocumentError:
        return None


def _cut(text: str) -> Segments | None:
    node = yaml12.compose(text)
    if node is None:
        return None if text.strip() else {}
    return cut_mapping(text, node, 0, len(text), top=True)


def _is_wanted(merged: str, base: Segments, ours: Segments, theirs: Segments) -> bool:
    """Whether the merged text reads as the merged values: the last word on what the pieces make together."""
    found = _values(merged)
    before, one, other = ({key: held.value for key, held in side.items()} for side in (base, ours, theirs))
    return found is not None and _agree(before, one, other, found)


def _agree(
    base: Mapping[str, Value], ours: Mapping[str, Value], theirs: Mapping[str, Value], merged: Mapping[str, Value]
) -> bool:
    wanted = merge_mapping_values("", base, ours, theirs)
    return wanted is not None and all(
        canonical(key, wanted.get(key, ABSENT)) == canonical(key, merged.get(key, ABSENT)) for key in {*wanted, *merged}
    )


def _keeps_comments(*texts: str) -> bool:
    """Whether the comments that stand on lines of their own, of base, ours and theirs, are in the merged text."""
    if "#" not in texts[1] + texts[2]:
        return True
    return keeps_every_edit(*([line for line in split_lines(text) if line.lstrip().startswith("#")] for text in texts))
