"""`journal remember`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync.cli.memories import opened
from sync.cli.remembering import remember_and_show, show_notes, show_remembered
from sync.cli.render import json_option, print_json, print_line
from sync.errors import UsageError
from sync.operations.memory_due import flush_when_due
from sync.operations.memory_values import metadata_of, value_of_file, value_of_json, value_of_stream

if TYPE_CHECKING:
    from sync.taskmaster.memory import Value

_EXAMPLES = """\b
Examples:
  journal remember wedding:42 budget "At most 30,000 EUR, VAT included." --importance 0.8
  journal remember wedding:42:module:guests counts --json-value '{"vegan": 12}' --type guests
  journal remember wedding:42 contract --file contract.pdf --retention 10y
  date | journal remember global last-run - --ttl 24h"""


@click.command("remember", epilog=_EXAMPLES)
@click.argument("context")
@click.argument("key")
@click.argument("value", required=False)
@click.option("--json-value", metavar="JSON", help="The value as JSON instead of text.")
@click.option("--file", type=click.Path(path_type=Path), help="A file that holds the value, of any bytes.")
@click.option("--importance", type=click.FloatRange(0, 1), help="From 0 to 1; else computed. It decides where it goes.")
@click.option("--ttl", metavar="TIME", help="How long it is recalled, such as 30min, 24h or 30d.")
@click.option("--type", "kind", default="", metavar="WORD", help="A word for its kind, by which it is shared.")
@click.option("--metadata", multiple=True, metavar="KEY=VALUE", help="More about it, or a JSON object; repeatable.")
@click.option("--retention", default="", metavar="TIME", help="How long the journal keeps it, such as 2y or permanent.")
@click.option("--expected", type=click.IntRange(0), help="Only if the key is at this version; 0: if it holds nothing.")
@click.option("--keep", metavar="DIGEST", help="Instead of a value: which one of those kept for the key is right.")
@json_option
@click.pass_obj
def command(
    folder: Path, /, context: str, key: str, value: str | None, json_value: str | None, file: Path | None,
    keep: str | None, metadata: tuple[str, ...], kind: str, as_json: bool, **options: Any,
) -> int:  # fmt: skip
    """Remember VALUE under KEY in CONTEXT, such as wedding:42:module:budget.

    VALUE is text, kept as Markdown; `-` reads it from standard input. A file's name says what it holds: .md and .txt
    text, .json JSON, any other bytes.
    """
    given = [one for one in (value, json_value, file, keep) if one is not None]
    if len(given) != 1:
        hint = "give VALUE, - for standard input, --json-value, --file or --keep"
        raise UsageError(f"there {'are' if given else 'is'} {len(given) or 'no'} value{'s' * bool(given)}", hint=hint)
    if keep is not None:
        return _settle(folder, context, key, keep, as_json=as_json)
    told = {**options, "type": kind, "metadata": metadata_of(metadata)}
    found = _value(value, json_value, file)
    return remember_and_show(folder, context, key, found, options=told, as_json=as_json)


def _value(text: str | None, json_value: str | None, file: Path | None) -> Value:
    if file is not None:
        return value_of_file(file)
    if json_value is not None:
        return value_of_json(json_value)
    return value_of_stream(sys.stdin.buffer) if text == "-" else text


def _settle(folder: Path, context: str, key: str, keep: str, *, as_json: bool) -> int:
    with opened(folder) as (_journal, manager):
        done = manager.settle(context, key, keep=keep)
        notes = flush_when_due(manager)
    if done is not None:
        show_remembered(done, as_json=as_json)
    elif as_json:
        print_json({"kept": keep})
    else:
        print_line("what it holds stays; nothing waits beside it any more")
    show_notes(notes)
    return 0
