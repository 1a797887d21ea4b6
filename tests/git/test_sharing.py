"""What passed from one context to another by a rule is seen as long as the rule says so, and tells no more than it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from memory_worlds import World, make_world, put, value_of

from sync.errors import RetryError, SettingsError
from sync.operations.memory_exact import look_up
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.memory import MAX_KEY, Memory
from sync.taskmaster.sharing import Shared

GUESTS, VENDORS = "taskmaster:wedding:42:module:guests", "taskmaster:wedding:42:module:vendors"
PLAIN = "rules:\n  guests-vendors: {from: guests, to: vendors, types: [guests]}\n"
PICK = PLAIN.replace("}", ", transform: {pick: [name, diet]}}")
TIGHTER = PLAIN.replace("}", ", transform: {pick: [diet]}}")
BOTH_WAYS = PLAIN.replace("}", ", bidirectional: true}")
ANNA = {"name": "Anna", "diet": "vegan"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make_world(tmp_path / "repo")
    say(made, PLAIN)
    return made


def say(world: World, rules: str) -> None:
    """Change the rules."""
    world.repo.write("journal/sharing.yaml", rules)


def shared(memory: MemoryManager, key: str = "anna", *, importance: float = 0.8) -> Shared:
    """Remember a guest, and let it pass."""
    put(memory, key, ANNA, context=GUESTS, importance=importance, type="guests")
    return memory.share(GUESTS, VENDORS, key)


def seen(memory: MemoryManager, key: str) -> list[Memory]:
    """What the target is shown of a copy, in every way it can be asked for."""
    found = [memory.get(VENDORS, key), look_up(memory, VENDORS, key, at="HEAD")]
    found += [*memory.recall(VENDORS, "vegan").hits, *memory.recall(VENDORS, key).hits, *memory.list(VENDORS).memories]
    found += memory.recall(VENDORS, "vegan", at="HEAD", archived=True).hits
    return [one.memory for one in found if one is not None]


class TestRules:
    """The rules count as they are now."""

    def test_a_rule_that_is_gone_counts_at_once(self, world: World) -> None:
        with world.open() as memory, world.open("bob") as other:
            key = shared(memory).copy.key
            memory.flush()
            assert value_of(other, key, context=VENDORS) == ANNA
            say(world, "rules: {}\n")
            assert seen(memory, key) == seen(other, key) == []
            say(world, PLAIN)
            assert value_of(memory, key, context=VENDORS) == ANNA

    def test_a_rule_that_is_new_counts_at_once(self, world: World) -> None:
        say(world, "rules: {}\n")
        with world.open() as memory:
            put(memory, "anna", ANNA, context=GUESTS, type="guests")
            assert memory.withdraw() == []
            say(world, PLAIN)
            assert memory.share(GUESTS, VENDORS, "anna").is_new

    def test_rules_that_are_wrong_show_nothing(self, world: World) -> None:
        with world.open() as memory:
            key = shared(memory).copy.key
            say(world, "rules: [\n")
            with pytest.raises(SettingsError, match=r"journal/sharing\.yaml:\d"):
                memory.get(VENDORS, key)

    def test_what_passed_by_another_transform_is_not_shown_until_it_is_shared_anew(self, world: World) -> None:
        say(world, PICK)
        with world.open() as memory:
            key = shared(memory).copy.key
            assert value_of(memory, key, context=VENDORS) == ANNA
            say(world, TIGHTER)
            assert value_of(memory, key, context=VENDORS) is None
            assert memory.share(GUESTS, VENDORS, "anna").is_new
            assert value_of(memory, key, context=VENDORS) == {"diet": "vegan"}

    def test_what_is_forgotten_is_told_only_where_a_rule_lets_it_pass(self, world: World) -> None:
        with world.open() as memory:
            first, second = shared(memory, "anna").copy.key, shared(memory, "bert").copy.key
            told = memory.forget(VENDORS, first).as_dict()
            assert (told["was"]["value"], told["is_forgotten"]) == (ANNA, True)
            say(world, "rules: {}\n")
            told = memory.forget(VENDORS, second).as_dict()
            assert (told["was"], told["is_forgotten"]) == (None, True)


class TestPast:
    """What may not be shown now is not shown as something that was."""

    def test_history_shows_what_a_rule_let_pass_only_as_long_as_it_does(self, world: World) -> None:
        with world.open() as memory:
            key = shared(memory).copy.key
            memory.flush()
            (then,) = memory.history(VENDORS, key)
            assert then.memory is not None
            assert then.memory.value == ANNA
            say(world, "rules: {}\n")
            assert memory.history(VENDORS, key) == ()
            assert len(memory.history(GUESTS, "anna")) == 1
            say(world, PLAIN)
            assert memory.history(VENDORS, key) == (then,)

    def test_history_does_not_tell_that_it_was_withdrawn(self, world: World) -> None:
        with world.open() as memory:
            key = shared(memory).copy.key
            memory.flush()
            say(world, "rules: {}\n")
            memory.withdraw()
            memory.flush()
            assert memory.history(VENDORS, key) == ()
            put(memory, key, "the vendors' own", context=VENDORS, importance=0.8)
            memory.flush()
            (own,) = memory.history(VENDORS, key)
            assert own.memory is not None
            assert own.memory.value == "the vendors' own"
            say(world, PLAIN)
            assert [one.memory is None for one in memory.history(VENDORS, key)] == [False, True, False]

    def test_history_of_what_passed_by_another_transform_is_hidden(self, world: World) -> None:
        say(world, PICK)
        with world.open() as memory:
            key = shared(memory).copy.key
            memory.flush()
            say(world, TIGHTER)
            assert memory.history(VENDORS, key) == ()
            memory.share(GUESTS, VENDORS, "anna")
            memory.flush()
            (now,) = memory.history(VENDORS, key)
            assert now.memory is not None
            assert now.memory.value == {"diet": "vegan"}

    def test_the_command_shows_no_more(self, world: World) -> None:
        with world.open() as memory:
            key = shared(memory).copy.key
            memory.flush()
        say(world, "rules: {}\n")
        done = world.repo.journal("recall", VENDORS, "--key", key, "--history").stdout
        assert done == "it was never in the journal\n"

    def test_at_a_commit_what_is_hidden_takes_no_place(self, world: World) -> None:
        with world.open() as memory:
            for number in range(12):
                shared(memory, f"anna {number}")
            put(memory, "menu", "A long list of what the kitchen has: one dish is vegan.", context=VENDORS,
                importance=0.8)  # fmt: skip
            memory.flush()
            say(world, "rules: {}\n")
            hits = memory.recall(VENDORS, "vegan Anna", at="HEAD", limit=1, min_score=0.0).hits
            assert [one.memory.key for one in hits] == ["menu"]

    def test_a_rival_that_no_rule_lets_pass_is_not_shown(self, world: World) -> None:
        with world.open() as memory, world.open("bob") as other:
            key = shared(memory).copy.key
            assert value_of(other, key, context=VENDORS) == ANNA
            put(memory, "anna", ANNA | {"diet": "halal"}, context=GUESTS, importance=0.8, type="guests")
            memory.share(GUESTS, VENDORS, "anna")
            put(other, key, "bob's", context=VENDORS, importance=0.8)
            (lost,) = other.rivals(VENDORS, key)
            assert lost.value == ANNA | {"diet": "halal"}
            say(world, "rules: {}\n")
            assert other.rivals(VENDORS, key) == ()


class TestKeys:
    """The key of a copy tells no more than its value."""

    def test_a_rule_that_changes_the_value_hides_the_key(self, world: World) -> None:
        say(world, TIGHTER)
        with world.open() as memory:
            done = shared(memory, "anna: coeliac")
            memory.flush()
            hits = memory.recall(VENDORS, "vegan").hits
            said = json.dumps([done.as_dict(), *(one.as_dict() for one in hits)])
            assert [one.memory.key for one in hits] == [done.copy.key]
            assert "vegan" in said
            assert "coeliac" not in said
            assert not memory.share(GUESTS, VENDORS, "anna: coeliac").is_new

    def test_two_memories_have_two_copies(self, world: World) -> None:
        say(world, TIGHTER)
        with world.open() as memory:
            assert shared(memory, "anna").copy.key != shared(memory, "bert").copy.key

    def test_a_copy_names_context_and_rule(self, world: World) -> None:
        with world.open() as memory:
            hit = memory.get(VENDORS, shared(memory).copy.key)
            assert hit is not None
            own = {"_shared_from": GUESTS, "_shared_rule": "guests-vendors", "_shared_role": ""}
            assert hit.as_dict()["metadata"] == own

    @pytest.mark.parametrize("rules", [PLAIN, PICK, BOTH_WAYS])
    def test_any_key_can_be_shared(self, world: World, rules: str) -> None:
        say(world, rules)
        with world.open() as memory:
            done = shared(memory, "x" * MAX_KEY)
            assert value_of(memory, done.copy.key, context=VENDORS) == ANNA
            assert not memory.share(GUESTS, VENDORS, "x" * MAX_KEY).is_new

    def test_a_reference_leads_to_its_copy(self, world: World) -> None:
        say(world, BOTH_WAYS)
        with world.open() as memory:
            done = shared(memory)
            assert done.reference is not None
            assert done.reference.value == {"reference": VENDORS, "key": done.copy.key}

    def test_a_reference_that_is_missing_is_written_when_it_is_shared_again(self, world: World) -> None:
        say(world, BOTH_WAYS)
        with world.open() as memory:
            first = shared(memory)
            assert first.reference is not None
            memory.forget(GUESTS, first.reference.key)
            again = memory.share(GUESTS, VENDORS, "anna")
            assert (again.is_new, again.copy.version) == (False, first.copy.version)
            assert value_of(memory, first.reference.key, context=GUESTS) == first.reference.value


class TestWithdrawing:
    """What no rule lets pass any more is taken back, once."""

    @pytest.mark.parametrize("importance", [0.2, 0.6, 0.8])
    def test_each_is_withdrawn_once(self, world: World, importance: float) -> None:
        with world.open() as memory:
            copy = shared(memory, importance=importance).copy
            memory.flush()
            say(world, "rules: {}\n")
            assert memory.withdraw() == [copy.id]
            assert memory.withdraw() == []
            memory.flush()
            assert memory.withdraw() == []

    def test_one_that_somebody_changes_meanwhile_keeps_no_other(self, world: World) -> None:
        with world.open() as memory, world.open("bob") as other:
            ids = [shared(memory, key, importance=0.6).copy.id for key in ("anna", "bert", "cleo")]
            say(world, "rules: {}\n")
            forget = memory.forget

            def slow(context: str, key: str, *, expected: int | None = None) -> object:
                if key == ids[1].key:
                    put(other, key, "bob's", context=context, importance=0.6)
                return forget(context, key, expected=expected)

            memory.forget = slow  # type: ignore[method-assign, assignment]
            with pytest.raises(RetryError, match="1 of 3") as caught:
                memory.withdraw()
            assert ids[1].key in caught.value.hint
        with world.open() as memory:
            assert [value_of(memory, one.key, context=VENDORS) for one in ids] == [None, "bob's", None]
