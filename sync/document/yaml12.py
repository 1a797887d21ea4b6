"""Reading YAML so that every value stays what was written.

PyYAML's scanner does the reading; the resolving is ours, because YAML 1.1 turns `no` into False, `10:30` into 630 and
`1.10` into 1.1. A plain scalar becomes null, a boolean or a number only where writing that value again gives the same
characters; anything else is text. (YAML 1.2.2, chapter 10.3, the core schema, less its forms that do not round-trip.)
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import yaml

from sync.errors import DocumentError

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
"""What front matter can hold. Mappings keep the order of the file."""

_Base: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # a PyYAML without libyaml gives the same, slower


class _Loader(_Base):  # type: ignore[misc]
    """PyYAML's scanner without its resolver, which would be asked for a tag at every node: the tags are not used."""

    def descend_resolver(self, *_: object) -> None:
        """Nothing to follow."""

    def ascend_resolver(self) -> None:
        """Nothing to follow."""

    def resolve(self, *_: object) -> str:
        """The same tag for every node."""
        return "tag:yaml.org,2002:str"


_MAX_NODES = 20_000  # aliases can make a small text stand for a huge value ("billion laughs")
_MAX_DEPTH = 100
_SHORT = 1000  # no text of so many characters is nested too deeply for the C stack
_INT = re.compile(r"0|-?[1-9][0-9]{0,14}")  # larger ones lose digits in readers that use doubles
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}")
_WORDS: Mapping[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}
_SHIELD = "\ue000"  # stands for a colon that YAML would take for a key's; private use, so never written by hand
_PLAIN_WITH_COLON = re.compile(
    r"(?:^|(?<=\r))(?P<key>[\w][\w .-]*):[ \t]+(?P<value>[^\s\"'\[{|>&*!%@`#,?-][^\r\n]*)", re.M
)
_INNER_COLON = re.compile(r":(?=[ \t]|$)")


def compose(text: str) -> yaml.MappingNode | None:
    """The node tree of a front matter, each node with its span in `text`; None where it is empty.

    A plain title with an unquoted colon (`title: Memories: an idea`) is not YAML, but real journals are full of it:
    where the text does not parse as it is, such colons are read as text.

    Raises:
        DocumentError: the text is not YAML, or not a mapping. `offset` is within `text`.
    """
    try:
        node = _compose(text)
    except DocumentError:
        shielded = _shield(text)
        if shielded == text:
            raise
        with contextlib.suppress(DocumentError):
            return _mapping(_unshielded(_compose(shielded), shielded))
        raise  # where the text stands as written, that is what has to be said
    return _mapping(node)


def compose_any(text: str) -> yaml.Node | None:
    """The node tree of any YAML text, such as JSON.

    Raises:
        DocumentError: the text is not YAML.
    """
    return _compose(text)


def load(text: str, *, as_text: frozenset[str] = frozenset()) -> dict[str, Value]:
    """The values of a front matter.

    Args:
        text: YAML, without its fences.
        as_text: top-level keys whose scalars are text whatever they look like (`title: 1.10`, `tags: [no]`).

    Raises:
        DocumentError: as `compose`; or a key is written twice, at any depth (YAML 1.2.2, 3.2.1.3).
    """
    node = compose(text)
    if node is None:
        return {}
    budget = iter(range(_MAX_NODES))
    try:
        return {name: to_value(value, text=name in as_text, budget=budget) for name, value in _items(node)}
    except RecursionError as error:
        raise DocumentError("front matter is nested too deeply, or contains itself through an alias") from error


def to_value(node: yaml.Node, *, text: bool, budget: Iterator[int]) -> Value:
    """The value of one node.

    Args:
        node: any node.
        text: every scalar is text, except an absent one (nothing, `~` or `null`), which is None.
        budget: shared by a whole document; one item is taken for each node.

    Raises:
        DocumentError: a key is written twice, or the value would be unreasonably large, as aliases of aliases make it.
    """
    if next(budget, None) is None:
        raise DocumentError(f"front matter stands for more than {_MAX_NODES} values", offset=node.start_mark.index)
    if isinstance(node, yaml.ScalarNode):
        written: str = node.value
        if node.style:
            return written
        return resolve_text(written) if text else resolve(written)
    if isinstance(node, yaml.SequenceNode):
        return [to_value(item, text=text, budget=budget) for item in node.value]
    return {name: to_value(value, text=text, budget=budget) for name, value in _items(node)}


def resolve(written: str) -> Value:
    """The value of a plain scalar: null, a boolean, a number, or the text itself."""
    if written in _WORDS:
        return _WORDS[written]
    if _INT.fullmatch(written):
        return int(written)
    if _FLOAT.fullmatch(written) and repr(float(written)) == written:
        return float(written)
    return written


def resolve_text(written: str) -> str | None:
    """The value of a plain scalar where text is wanted: the text itself, or None where nothing was written."""
    return None if _WORDS.get(written, False) is None else written


def find(node: yaml.Node | None, path: list[str | int]) -> int:
    """The offset of the value at a path such as `["tags", 2]`; of the nearest parent that exists otherwise."""
    offset = node.start_mark.index if node is not None else 0
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == step), None)
            if found is None:
                break
            key, node = found
            offset = node.start_mark.index if _is_written(node) else key.start_mark.index
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            offset = node.start_mark.index
        else:
            break
    return int(offset)


def _is_written(node: yaml.Node) -> bool:
    return bool(node.end_mark.index > node.start_mark.index)


def _unshielded(node: yaml.Node | None, text: str) -> yaml.Node | None:
    """The same nodes with their colons back, wherever one was replaced in the text they were made of."""
    pending: list[Any] = [node] if node is not None else []
    while pending:
        one = pending.pop()
        if isinstance(one, yaml.MappingNode):
            pending += [part for pair in one.value for part in pair]
        elif isinstance(one, yaml.SequenceNode):
            pending += one.value
        elif _SHIELD in text[one.start_mark.index : one.end_mark.index]:
            one.value = one.value.replace(_SHIELD, ":")
    return node


def _mapping(node: yaml.Node | None) -> yaml.MappingNode | None:
    if node is not None and not isinstance(node, yaml.MappingNode):
        raise DocumentError("front matter is not a mapping", hint="write it as lines of `key: value`")
    return node


def _single_node(text: str) -> yaml.Node | None:
    if len(text) > _SHORT:
        _refuse_depth(text)
    node: yaml.Node | None = _Loader(text).get_single_node()
    return node


def _refuse_depth(text: str) -> None:
    """Composing recurses in C, and a text of nothing but brackets would crash the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            mark: Any = event.start_mark
            raise DocumentError(f"nested more than {_MAX_DEPTH} levels deep", offset=mark.index)


def _compose(text: str) -> yaml.Node | None:
    try:
        return _single_node(text)
    except yaml.reader.ReaderError as error:
        # The C scanner counts bytes here, the Python one characters; the character itself tells which.
        offset = len(text.encode()[: error.position].decode(errors="ignore"))
        if text[offset : offset + 1] != chr(error.character):
            offset = error.position
        character = f"U+{ord(text[offset]):04X}" if offset < len(text) else "a character"
        raise DocumentError(f"{character} is not allowed in YAML", offset=offset, hint="remove it") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        offset = mark.index if mark else 0
        twice = error.problem == "second occurrence"  # libyaml names the fault in the context here
        raise _explained(text, offset, "this anchor is used twice" if twice else str(error.problem)) from error
    except (RecursionError, ValueError) as error:
        raise DocumentError("front matter is nested too deeply or holds an impossible escape") from error


def _explained(text: str, offset: int, problem: str) -> DocumentError:
    conflict = re.search(r"^(?:<{7}|>{7})(?: |$)", text, re.M)
    if conflict:
        return DocumentError("conflict markers", offset=conflict.start(), hint="resolve the merge, then remove them")
    hint = "put the value between double quotes" if "mapping values" in problem else ""
    return DocumentError(f"not YAML: {problem}", offset=min(offset, len(text)), hint=hint)


def _shield(text: str) -> str:
    """The text with the colons inside plain one-line values of top-level keys replaced, at the same length."""
    if _SHIELD in text:
        return text

    def shielded(line: re.Match[str]) -> str:
        value = line.group("value")
        comment = re.search(r"[ \t]#", value)
        cut = comment.start() if comment else len(value)
        head = line.group()[: len(line.group()) - len(value)]
        return head + _INNER_COLON.sub(_SHIELD, value[:cut]) + value[cut:]

    return _PLAIN_WITH_COLON.sub(shielded, text)


def _items(node: yaml.Node) -> list[tuple[str, yaml.Node]]:
    """Names and values of a mapping."""
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise DocumentError("a key is not text", offset=key.start_mark.index, hint="use a word as the key")
        name: str = key.value
        if name in found:
            message, hint = "this key is written twice", "keep one of them"
            raise DocumentError(message, offset=key.start_mark.index, key=name, hint=hint)
        found[name] = value
    return list(found.items())
