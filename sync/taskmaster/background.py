"""What a long-running process does beside its calls: tell tiers what they are owed, and write the journal when due."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

PAUSE_S = 1.0
"""Seconds between two rounds."""


class Background:
    """A thread that works off what is left, until it is stopped.

    Args:
        work: does it, once; called again and again.
        failed: told of what went wrong; the next round tries again.
        pause_s: seconds between rounds.
    """

    def __init__(
        self, work: Callable[[], object], failed: Callable[[Exception], None], *, pause_s: float = PAUSE_S
    ) -> None:
        self._work, self._failed, self._pause_s = work, failed, pause_s
        self._ends = Event()
        self._thread = Thread(target=self._run, name="journal-memory", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the round that is running end, and begin no other. May be called twice."""
        self._ends.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                self._work()
            except Exception as error:  # noqa: BLE001 (a bug in one round must not end all that follow)
                self._failed(error)
            self._ends.wait(self._pause_s)
