"""Files of rules: YAML that obeys a schema, where each fault is shown where it stands. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sync.document.fault import Fault, position
from sync.errors import DocumentError, SettingsError
from sync.schema import Finding, Schema, check

if TYPE_CHECKING:
    import yaml  # a journal without such files never needs it

CONTEXTS_FILE = "contexts.yaml"
SHARING_FILE = "sharing.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesFile:
    """A file that obeys its schema.

    Attributes:
        path: the file, as faults name it.
        text: what it says.
        values: the same as data.
        node: the same as a tree of nodes with their places; None where the file is empty.
    """

    path: str
    text: str
    values: Mapping[str, Any]
    node: yaml.MappingNode | None

    def fault(self, place: Sequence[str | int], message: str, hint: str = "") -> Fault:
        """A fault of the value at a place such as `["contexts", "tenants", "retention"]`."""
        from sync.document import yaml12

        line, column = position(self.text, yaml12.find(self.node, list(place)))
        key = Finding(path=tuple(place), message="").key
        return Fault(path=self.path, line=line, column=column, key=key, message=message, hint=hint)


def read_rules_file(path: str, data: bytes, schema: Schema) -> RulesFile | list[Fault]:
    """A file of rules from its bytes, or all that is wrong with it.

    Args:
        path: the file, as faults are to name it.
        data: YAML 1.2 (see `yaml12`), UTF-8.
        schema: what it has to obey.
    """
    from sync.document import yaml12

    try:
        text = data.decode("utf-8")
        node = yaml12.compose(text)
        values = yaml12.load(text)
    except UnicodeDecodeError as error:
        return [Fault(path=path, message=f"not UTF-8 at byte {error.start}", hint="save it as UTF-8")]
    except DocumentError as error:
        line, column = position(text, error.offset)
        message = error.message.replace("front matter", "the file")
        return [Fault(path=path, line=line, column=column, key=error.key, message=message, hint=error.hint)]
    file = RulesFile(path=path, text=text, values=values, node=node)
    return [file.fault(one.path, one.message) for one in check(schema, values)] or file


def refuse(faults: Sequence[Fault]) -> SettingsError:
    """The error for a file of rules that cannot be used: its first fault, and how many more there are."""
    more = f" (and {len(faults) - 1} more: journal validate)" if len(faults) > 1 else ""
    return SettingsError(f"{faults[0]}{more}", hint=faults[0].hint)
