"""From exceptions to exit codes: the one place where an error becomes a line on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from io import TextIOWrapper

from sync import __version__
from sync.errors import JournalError, UsageError

BUG = 70
INTERRUPTED = 130


def reported(work: Callable[[], int], *, as_json: bool = False) -> int:
    """Run some work; show what stopped it.

    Args:
        work: returns an exit code.
        as_json: show a JournalError as a JSON object on standard output, as `--json` promises.

    Returns:
        The work's exit code, or that of what stopped it: the error's own, 70 for a bug, 130 for Ctrl-C.
    """
    for channel in (sys.stdout, sys.stderr):
        if isinstance(channel, TextIOWrapper):
            channel.reconfigure(errors="backslashreplace")  # a terminal that knows only ASCII is no fault of ours
    try:
        return _flushed(work())
    except JournalError as error:
        _show(error, as_json=as_json)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`journal query … | head`): no fault, but Python would complain while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        _show(UsageError(f"{error.filename or 'output'}: {error.strerror or error}"), as_json=False)
        return UsageError.exit_code
    except Exception:  # noqa: BLE001 (whatever it is, it is a bug, and told from a user's mistake here)
        import traceback

        traceback.print_exc()
        print(f"journal {__version__}: this is a bug; please report the lines above", file=sys.stderr)
        return BUG


def _flushed(code: int) -> int:
    """The code, once everything that was printed has reached its reader."""
    sys.stdout.flush()
    return code


def _show(error: JournalError, *, as_json: bool) -> None:
    if as_json:
        import json

        print(json.dumps({"error": error.as_dict()}))
        return
    print(visible(f"journal: {error.message}"), file=sys.stderr)
    if error.hint:
        print(visible(f"  {error.hint}"), file=sys.stderr)


def visible(text: str) -> str:
    """A text as it may reach a terminal: control characters but line breaks and tabs are spelled, not obeyed."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else letter.encode("unicode_escape").decode()
        for letter in text
    )
