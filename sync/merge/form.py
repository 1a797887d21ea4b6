"""What a text has as a whole: a BOM, one kind of line ending, an end to its last line. Each is merged as a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sync.document.frontmatter import BOM
from sync.merge.decision import Action, Decision
from sync.merge.diff3 import pick


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    r"""The form of a text.

    Attributes:
        bom: whether it starts with a BOM.
        line_end: `\n`, `\r\n` or `\r`; empty where there is one line, without an end.
        ends: whether its last line has an end.
    """

    bom: bool = False
    line_end: str = "\n"
    ends: bool = True

    def strip(self, text: str) -> str:
        r"""The text without its form: no BOM, lines that end with `\n`, all of them."""
        bare = text[len(BOM) * self.bom :]
        bare = bare if self.line_end in ("", "\n") else bare.replace(self.line_end, "\n")
        return bare if self.ends or not bare else f"{bare}\n"

    def apply(self, text: str) -> str:
        r"""A text of `\n` lines in this form."""
        bare = text if self.ends else text.removesuffix("\n")
        ended = bare if self.line_end in ("", "\n") else bare.replace("\n", self.line_end)
        return BOM + ended if self.bom else ended


def read_form(text: str) -> Form | None:
    """The form of a text; None where lines end in several ways, or a BOM is not at the start: it is merged as it is."""
    if text.find(BOM, 1) > 0:
        return None
    feeds, returns = text.count("\n"), text.count("\r")
    bom, ends = text.startswith(BOM), text.endswith(("\n", "\r")) or text in ("", BOM)
    if not returns:
        return Form(bom=bom, line_end="\n" if feeds else "", ends=ends)
    if feeds and feeds == returns == text.count("\r\n"):
        return Form(bom=bom, line_end="\r\n", ends=ends)
    return None if feeds else Form(bom=bom, line_end="\r", ends=ends)


def merge_form(forms: Sequence[Form | None], *, is_new: bool) -> tuple[Form | None, list[Decision]]:
    """The merged form; None where a side has none, or they changed it differently: the texts are merged as they stand.

    Args:
        forms: of base, ours and theirs.
        is_new: the sides never had a common text.
    """
    before, ours, theirs = forms
    if before is None or ours is None or theirs is None:
        return None, []
    bom = pick(None if is_new else before.bom, ours.bom, theirs.bom)
    ends = (ours.ends or theirs.ends) if is_new else pick(before.ends, ours.ends, theirs.ends)
    # A text without any line end has that of the others.
    one = ours.line_end or before.line_end or theirs.line_end
    other = theirs.line_end or before.line_end or ours.line_end
    line_end = pick(before.line_end or None, one, other)
    if bom is None or ends is None or line_end is None:
        return None, []
    form = Form(bom=bom, line_end=line_end, ends=ends)
    action = Action.OURS if form == ours else Action.THEIRS if form == theirs else Action.MERGED
    return form, [Decision(path="form", action=action)] if ours != theirs and form != before else []
