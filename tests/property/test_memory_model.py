"""Whatever writers, readers and people do: no value that was acknowledged vanishes, and none comes back."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import ExitStack
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from memory_worlds import BUDGET, SETTINGS, World, listed, make_world

from sync.taskmaster.long_term.paths import path_of
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.memory import MemoryId
from sync.taskmaster.remembering import StaleError

THOROUGH = bool(os.environ.get("JOURNAL_THOROUGH"))
WRITERS = ("ada", "grace")
VALUE = re.compile(r"v\d+x")

keys = st.sampled_from(["plan", "a:b", "Été"])
writers = st.sampled_from(WRITERS)
bands = st.sampled_from([0.2, 0.6, 0.8, 0.95])


class Memory(RuleBasedStateMachine):
    """Two managers, a person with Git, and a clock; beside them what must be true of every key.

    `alive` are the values that somebody must still be able to find: acknowledged, and neither replaced nor forgotten by
    somebody who knew them, nor over. `expected` is what a key holds, None for nothing, but for `murky` keys: a person
    and a writer have changed them apart from each other, or a value that was over was theirs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.world: World = make_world(folder / "repo", settings=f"{SETTINGS}[memory.limits]\nworking_items = 4\n")
        self.managers: dict[str, MemoryManager] = {}
        self.openings: dict[str, ExitStack] = {}
        self.number = 0
        self.alive: dict[str, set[str]] = {}
        self.short_lived: dict[str, float] = {}
        self.expected: dict[str, str | None] = {}
        self.known: dict[tuple[str, str], str | None] = {}
        self.waiting: set[str] = set()
        self.murky: set[str] = set()

    @initialize()
    def open_all(self) -> None:
        """Both are there from the start."""
        for name in WRITERS:
            self._open(name)

    def teardown(self) -> None:
        """Close all, and check once more what a stranger finds who has the clone alone."""
        try:
            for one in self.openings.values():
                one.close()
        finally:
            self.stack.close()

    # What writers do

    @rule(name=writers, key=keys, band=bands)
    def remember(self, name: str, key: str, band: float) -> None:
        value = self._new(band)
        before = self._peek(key)
        done = self.managers[name].remember(BUDGET, key, value, importance=band)
        based = self.known.get((name, key), before)
        self.alive.setdefault(key, set()).add(value)
        if done.is_winner:
            self._replaced(key, based)
            self._holds(key, value)
            self.known[name, key] = value
        elif key not in self.murky:
            self.expected[key] = str(done.memory.value)

    @rule(name=writers, key=keys, band=bands)
    def remember_what_was_shown(self, name: str, key: str, band: float) -> None:
        hit = self.managers[name].get(BUDGET, key, inherit=False)
        shown = None if hit is None else str(hit.memory.value)
        value = self._new(band)
        try:
            done = self.managers[name].remember(
                BUDGET, key, value, importance=band, expected=hit.memory.version if hit else 0
            )
        except StaleError:  # a version that is not shown: what was forgotten, or is over
            assert hit is None, "a version that was just shown is refused"
            return
        assert done.is_winner
        self.alive.setdefault(key, set()).add(value)
        self._replaced(key, shown)
        self._holds(key, value)
        self.known[name, key] = value

    @rule(name=writers, key=keys)
    def forget(self, name: str, key: str) -> None:
        done = self.managers[name].forget(BUDGET, key)
        if done.is_forgotten and done.was is not None:
            self.alive[key] = set()  # with its rivals: whoever forgets a key has been told of them
            self._holds(key, None)
            self.known[name, key] = None

    @rule(name=writers, key=keys)
    def get(self, name: str, key: str) -> None:
        hit = self.managers[name].get(BUDGET, key, inherit=False)
        self.known[name, key] = None if hit is None else str(hit.memory.value)

    @rule(name=writers, key=keys)
    def recall(self, name: str, key: str) -> None:
        for hit in self.managers[name].recall(BUDGET, key).hits:
            self.known[name, hit.memory.key] = str(hit.memory.value)
            if hit.memory.key not in self.murky and hit.memory.key in self.expected:
                assert hit.memory.value == self.expected[hit.memory.key], "recall shows another value"

    @rule(name=writers)
    def flush(self, name: str) -> None:
        self.managers[name].flush()
        self.waiting = set()

    @rule(name=writers)
    def catch_up(self, name: str) -> None:
        self.managers[name].catch_up()

    @rule(name=writers)
    def restart(self, name: str) -> None:
        self.openings.pop(name).close()
        self.known = {id_: value for id_, value in self.known.items() if id_[0] != name}
        self._open(name)

    # What people and time do

    @rule(key=keys)
    def edit(self, key: str) -> None:
        found = self._entry(key)
        if found is None:
            return
        path, text, value = found
        new = self._new(1.0)
        self.world.repo.write(path, text.replace(value, new))
        self.world.repo.commit(f"edit {key}")
        self._by_a_person(key, value, new)

    @rule(key=keys)
    def delete(self, key: str) -> None:
        found = self._entry(key)
        if found is None:
            return
        self.world.repo.git("rm", "-q", found[0])
        self.world.repo.git("commit", "-q", "-m", f"delete {key}")
        self._by_a_person(key, found[2], None)

    @rule(hours=st.sampled_from([1, 25]))
    def pass_time(self, hours: int) -> None:
        self.world.clock.pass_(hours=hours)
        now = self.world.clock.now.timestamp()
        for key, values in self.alive.items():
            over = {one for one in values if self.short_lived.get(one, now + 1) <= now}
            self.alive[key] = values - over
            if self.expected.get(key) in over:
                self.murky.add(key)  # held by the tier that it happened to be in

    # What must be true

    @invariant()
    def nothing_vanishes_and_all_see_the_same(self) -> None:
        if not self.managers:
            return
        log = self.world.repo.git("log", "-p", "--all", "--format=%H")
        kept = "".join(one.read_text() for one in (self.world.repo.path / "journal").rglob("*.json"))
        history = set(VALUE.findall(log + kept))
        with self.world.open("observer") as observer:
            ids = listed(observer)
            assert len(ids) == len(set(ids)), "a memory is listed twice"
            shown = {key for _, key in ids}
            for key in set(self.alive) | shown:
                hit = observer.get(BUDGET, key, inherit=False)
                value = None if hit is None else str(hit.memory.value)
                rivals = [str(one.value) for one in observer.rivals(BUDGET, key)]
                assert (key in shown) == (value is not None), f"{key} is listed: {key in shown}, and holds {value}"
                lost = self.alive.get(key, set()) - {value, *rivals} - history
                assert not lost, f"{key} holds {value}, rivals {rivals}; lost: {lost}"
                assert len(rivals) == len(set(rivals)), "a rival is kept twice"
                assert value not in rivals, "a value is its own rival"
                if key not in self.murky and key in self.expected:
                    assert value == self.expected[key], f"{key} holds {value}, not {self.expected[key]}"

    @invariant()
    def every_memory_has_one_entry(self) -> None:
        if self.managers:
            names = [one.rpartition("/")[2] for one in self.world.entries()]
            assert len(names) == len(set(names)) <= 3

    # Helpers

    def _open(self, name: str) -> None:
        self.openings[name] = ExitStack()
        self.managers[name] = self.openings[name].enter_context(self.world.open(name))

    def _new(self, band: float) -> str:
        self.number += 1
        value = f"v{self.number}x"
        if band < 0.5:
            self.short_lived[value] = self.world.clock.now.timestamp() + 86_399
        return value

    def _peek(self, key: str) -> str | None:
        with self.world.open("observer") as observer:
            hit = observer.get(BUDGET, key, inherit=False)
        return None if hit is None else str(hit.memory.value)

    def _replaced(self, key: str, value: str | None) -> None:
        self.alive[key] -= {value or ""}

    def _holds(self, key: str, value: str | None) -> None:
        self.waiting.add(key)
        self.expected[key] = value

    def _entry(self, key: str) -> tuple[str, str, str] | None:
        path = path_of("journal/entries", MemoryId(BUDGET, key))
        if not (self.world.repo.path / path).exists():
            return None
        text = self.world.repo.read(path)
        found = re.search(r"^v\d+x$", text, re.M)
        assert found, text
        return path, text, found[0]

    def _by_a_person(self, key: str, old: str, new: str | None) -> None:
        self.alive.setdefault(key, set()).discard(old)
        if new is not None:
            self.alive[key].add(new)
        if key in self.waiting:
            self.murky.add(key)
        elif key not in self.murky:
            self.expected[key] = new


Memory.TestCase.settings = settings(
    max_examples=300 if THOROUGH else 25,
    stateful_step_count=40 if THOROUGH else 25,
    suppress_health_check=list(HealthCheck),
    deadline=None,
)
TestMemory = Memory.TestCase
