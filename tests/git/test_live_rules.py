"""contexts.yaml counts as it is now, for whoever has had the memory open for long, too."""

from __future__ import annotations

from pathlib import Path

import pytest
from memory_worlds import BUDGET, World, make_world, put, value_of

from sync.errors import SettingsError, UsageError
from sync.operations.journal import open_journal
from sync.operations.memory import keep_rules
from sync.taskmaster.context_rules import ContextRules

TENANT = "taskmaster:wedding:42"
GUESTS, VENDORS = f"{TENANT}:module:guests", f"{TENANT}:module:vendors"
ALONE = "contexts:\n  modules: {pattern: 'wedding:{w}:module:{m}', inherit_from_parent: false, retention: 2y}\n"
FEW = "contexts:\n  tenants: {pattern: 'wedding:{w}', children: [budget]}\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "repo")


def say(world: World, rules: str) -> None:
    world.repo.write("journal/contexts.yaml", rules)


def test_a_rule_that_is_new_or_gone_counts_at_once(world: World) -> None:
    with world.open() as memory, world.open("bob") as other:
        put(memory, "venue", "The barn.", context=TENANT, importance=0.6)
        for one in (memory, other):
            assert one.get(BUDGET, "venue") is not None
        say(world, ALONE)
        for one in (memory, other):
            assert one.get(BUDGET, "venue") is None
            assert one.recall(BUDGET, "barn").hits == ()
        (world.repo.path / "journal/contexts.yaml").unlink()
        for one in (memory, other):
            assert one.get(BUDGET, "venue") is not None


def test_children_and_retention_are_those_of_the_file_as_it_is(world: World) -> None:
    with world.open() as memory:
        put(memory, "k", "v", context=GUESTS, importance=0.6)
        say(world, FEW)
        with pytest.raises(UsageError, match="has no module 'guests'"):
            put(memory, "k", "w", context=GUESTS, importance=0.6)
        say(world, ALONE)
        put(memory, "k", "w", context=GUESTS, importance=0.6)
        (found,) = memory.contexts("wedding:*:module:guests")
        assert (found.rule, found.retention, found.sees) == ("modules", "2y", ())


def test_a_file_that_is_wrong_is_refused_by_every_call_until_it_is_right(world: World) -> None:
    with world.open() as memory:
        put(memory, "k", "v", importance=0.6)
        say(world, "contexts:\n  a: {retention: 2y}\n")
        for _ in range(2):
            with pytest.raises(
                SettingsError, match=r"^journal/contexts\.yaml:2:\d+: contexts\.a: 'pattern' is missing"
            ):
                memory.get(BUDGET, "k")
        with pytest.raises(SettingsError, match=r"^journal/contexts\.yaml:2:"), world.open():
            pass
        say(world, ALONE)
        assert value_of(memory, "k") == "v"


def test_sharing_follows_when_the_application_changes(world: World) -> None:
    world.repo.write("journal/sharing.yaml", "rules:\n  a: {from: guests, to: vendors, types: all}\n")
    with world.open() as memory:
        put(memory, "k", "v", context=GUESTS, importance=0.6)
        assert memory.share(GUESTS, VENDORS, "k").is_new
        say(world, "application: planner\n")
        put(memory, "k", "v", context="wedding:42:module:guests", importance=0.6)
        assert memory.share("wedding:42:module:guests", "wedding:42:module:vendors", "k").rule == "a"


def test_the_file_is_read_again_only_where_it_has_changed(world: World) -> None:
    say(world, ALONE)
    load = keep_rules(open_journal(world.repo.path))
    first: ContextRules = load()
    assert load() is first
    say(world, ALONE)
    assert load() is not first
