"""The command `journal`: one module a command; each parses, calls one operation, and shows its result."""

from __future__ import annotations

import sys

from sync import __version__


def main() -> None:
    """Run the command line. What must be quick is answered before anything else is imported."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        print(f"journal {__version__}")
        return
    if arguments[:1] == ["hook"] and not {"-h", "--help"} & set(arguments):
        from sync.hooks import main as hook

        sys.exit(hook(arguments[1:]))
    if arguments[:1] == ["query"]:
        from sync.cli.plain_query import parse_plain, run_plain

        plain = parse_plain(arguments[1:])
        if plain:
            sys.exit(run_plain(plain))
    if arguments[:1] == ["remember"]:
        from sync.cli.plain_remember import parse_plain as parse_remember
        from sync.cli.plain_remember import run_plain as run_remember

        asked = parse_remember(arguments[1:])
        if asked:
            sys.exit(run_remember(asked))
    from sync.cli.app import run

    sys.exit(run(arguments))
