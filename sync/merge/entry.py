"""Three-way merge of whole entries: the one engine behind the sync, the merge driver, the resolver and CI.

Front matter and body are merged apart. A merge by lines that is clean and right is taken as it is. Where it clashes, or
joins two edits of one value, the front matter is merged key by key and the body section by section. Whatever comes out
is accepted only if it reads well, lost no edit of one side and holds no line that neither side wrote; else it clashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sync.document import frontmatter, yaml12
from sync.document.entry import TEXT_KEYS
from sync.document.frontmatter import Block
from sync.errors import DocumentError
from sync.merge.body import merge_body
from sync.merge.decision import Action, Clash, Decision, Piece, is_clean, taking
from sync.merge.form import Form, merge_form, read_form
from sync.merge.front import changed_keys_agree, merge_front
from sync.merge.lines import keeps_every_edit, merge_lines, split_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A merged entry.

    Attributes:
        pieces: its text, line endings LF, with the stretches that clash.
        decisions: what was decided, place by place.
        form: BOM and line endings.
    """

    pieces: Sequence[Piece]
    decisions: Sequence[Decision]
    form: Form

    @property
    def text(self) -> str | None:
        """The merged text; None where anything clashes."""
        return self.form.apply(taking(self.pieces, "ours")) if is_clean(self.pieces) else None


def merge_entry(base: str | None, ours: str, theirs: str) -> tuple[str | None, list[Decision]]:
    """Merge an entry.

    Args:
        base: the text that the sides last had in common; None where they never had one.
        ours, theirs: the two texts.

    Returns:
        The merged text, or None where a person has to decide; and the decisions.
    """
    merged = merge_texts(base, ours, theirs)
    return merged.text, list(merged.decisions)


def merge_texts(base: str | None, ours: str, theirs: str) -> Merged:
    """As `merge_entry`, with the clashes in their places."""
    if theirs in (ours, base):
        action = Action.BOTH if ours == theirs else Action.OURS
        return Merged(pieces=[ours], decisions=_whole(action, ours == base), form=Form())
    if ours == base:
        return Merged(pieces=[theirs], decisions=_whole(Action.THEIRS, False), form=Form())
    texts = base or "", ours, theirs
    forms = [read_form(text) for text in texts]
    form, decisions = merge_form(forms, is_new=base is None)
    if form is not None:
        texts = cast(
            "tuple[str, str, str]",
            tuple(one.strip(text) if one else text for one, text in zip(forms, texts, strict=True)),
        )
    pieces, made = _merge(*texts)
    return Merged(pieces=pieces, decisions=[*decisions, *made], form=form or Form())


def _whole(action: Action, unchanged: bool) -> list[Decision]:
    return [] if unchanged else [Decision(path="", action=action)]


def _merge(base: str, ours: str, theirs: str) -> tuple[list[Piece], list[Decision]]:
    if theirs in (ours, base):
        return [ours], _whole(Action.BOTH if ours == theirs else Action.OURS, ours == base)
    if ours == base:
        return [theirs], _whole(Action.THEIRS, False)
    parts = [_split(text) for text in (base, ours, theirs)]
    if not any(part is None for part in parts):
        before, one, other = (part or _Parts() for part in parts)
        if (head := _merge_head(before, one, other)) is not None:
            body, made = _merge_body(before.body, one.body, other.body)
            pieces = [*head[0], *body]
            if head[0] or not is_clean(pieces) or _split(text := taking(pieces, "ours")) == _Parts(body=text):
                return pieces, [*head[1], *made]
    pieces = merge_lines(base, ours, theirs)
    if is_clean(pieces) and not _is_right(base, ours, theirs, taking(pieces, "ours")):
        pieces = [Clash(base, ours, theirs)]
    return pieces, _decided("", base, ours, theirs, pieces)


@dataclass(frozen=True, slots=True)
class _Parts:
    """A text cut up: fences, what stands between them, and what stands behind; fences are empty where it has none."""

    opening: str = ""
    front: str = ""
    closing: str = ""
    body: str = ""

    @property
    def head(self) -> str:
        """The front matter with its fences."""
        return self.opening + self.front + self.closing


def _split(text: str) -> _Parts | None:
    """None where a front matter is opened and never closed, or is TOML."""
    try:
        block = frontmatter.find_block(text)
    except DocumentError:
        return None
    return _cut(text, block) if block else _Parts(body=text)


def _merge_head(base: _Parts, ours: _Parts, theirs: _Parts) -> tuple[list[Piece], list[Decision]] | None:
    """Front matters with their fences; None where the fences differ, or one side removed what the other changed."""
    before, one, other = base.head, ours.head, theirs.head
    if one in (other, before) or other == before:
        text = other if one == before else one
        return [text] if text else [], _decided("front matter", before, one, other, [text])
    if not ours.opening or (ours.opening, ours.closing) != (theirs.opening, theirs.closing):
        return None
    front, decisions = _merge_front(base.front, ours.front, theirs.front)
    return [ours.opening, *front, ours.closing], decisions


def _cut(text: str, block: Block) -> _Parts:
    return _Parts(
        text[: block.start], text[block.start : block.end], text[block.end : block.body_start], text[block.body_start :]
    )


def _merge_front(base: str, ours: str, theirs: str) -> tuple[list[Piece], list[Decision]]:
    """By lines where that is clean and right for each key, else key by key, else as lines that clash."""
    pieces = merge_lines(base, ours, theirs)
    if is_clean(pieces) and changed_keys_agree(base, ours, theirs, taking(pieces, "ours")):
        return pieces, _decided("front matter", base, ours, theirs, pieces)
    if (by_key := merge_front(base, ours, theirs)) is not None:
        return by_key
    if is_clean(pieces):  # lines that fit together do not make values right
        pieces = [Clash(base, ours, theirs)]
    return pieces, _decided("front matter", base, ours, theirs, pieces)


def _merge_body(base: str, ours: str, theirs: str) -> tuple[list[Piece], list[Decision]]:
    if ours in (theirs, base) or theirs == base:
        text = theirs if ours == base else ours
        return [text], _decided("body", base, ours, theirs, [text])
    pieces = merge_body(base, ours, theirs)
    if is_clean(pieces) and not keeps_every_edit(*map(split_lines, (base, ours, theirs, taking(pieces, "ours")))):
        pieces = [Clash(base, ours, theirs)]
    return pieces, _decided("body", base, ours, theirs, pieces)


def _is_right(base: str, ours: str, theirs: str, merged: str) -> bool:
    """Whether a text that was merged as a whole reads as well as one of the sides, and lost nothing."""
    one, other, after = (_reads(text) for text in (ours, theirs, merged))
    is_worse = after is False and one is not False is not other
    is_made_up = after is not None and one is None is other
    is_lost = after is None and one is not None is not other
    return not (is_worse or is_made_up or is_lost) and keeps_every_edit(*map(split_lines, (base, ours, theirs, merged)))


def _reads(text: str) -> bool | None:
    """Whether a front matter can be read; None where a text has none, or one that never ends."""
    try:
        block = frontmatter.find_block(text)
    except DocumentError:
        return None
    try:
        return None if block is None else yaml12.load(text[block.start : block.end], as_text=TEXT_KEYS) is not None
    except DocumentError:
        return False


def _decided(path: str, base: str, ours: str, theirs: str, pieces: Sequence[Piece]) -> list[Decision]:
    """What became of a part that was merged as text."""
    if clashes := [one for one in pieces if isinstance(one, Clash)]:
        return [
            Decision(
                path=path,
                action=Action.CONFLICT,
                base=one.base,
                ours=one.ours,
                theirs=one.theirs,
                why="both changed it, differently",
            )
            for one in clashes
        ]
    if ours == theirs:
        return [] if ours == base else [Decision(path=path, action=Action.BOTH)]
    if base in (ours, theirs):
        return [Decision(path=path, action=Action.THEIRS if ours == base else Action.OURS)]
    return [Decision(path=path, action=Action.MERGED, why="the sides changed different places")]
