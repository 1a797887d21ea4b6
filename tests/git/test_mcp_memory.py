"""The memory as tools of the MCP server, asked by the SDK's own client."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest
from mcp import Client
from repositories import Repo
from serving import ME, TRANSPORTS, data_of, over_stdio, refusal_of, talk, text_of

from sync.mcp.server import make_server
from sync.mcp.tools import tools
from sync.operations.import_ import import_memories
from sync.operations.journal import open_journal

BUDGET = "wedding:42:module:budget"
FULL = f"taskmaster:{BUDGET}"
SHARING = """\
rules:
  counts:
    from: guests
    to: vendors
    types: [guests]
"""


@pytest.fixture
def journal(repo: Repo) -> Repo:
    """A repository with a journal of no entries."""
    repo.write("journal.toml", '[journal]\nlanguage = "en"\ntimezone = "Europe/Paris"\n')
    repo.commit()
    return repo


def here(journal: Repo, *, read_only: bool = False) -> Client:
    """A client of a server in this process, for what does not hang on the transport."""
    return Client(make_server(journal.path, tools(read_only=read_only)), client_info=ME)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_is_remembered_is_recalled_searched_listed_and_forgotten(journal: Repo, transport: str) -> None:
    async def work() -> None:
        async with TRANSPORTS[transport](journal) as client:
            await client.list_tools()  # from here on the client checks each answer against its schema
            made = await data_of(
                client, "remember", context=BUDGET, key="flowers", value="At most 900.", importance=0.6
            )
            assert (made["context"], made["writer"], made["is_winner"]) == (FULL, "tester 1.2", True)
            (hit,) = (await data_of(client, "recall", context=f"{BUDGET}:function:sum", query="flowers"))["hits"]
            assert (hit["context"], hit["value"], hit["is_cut"]) == (FULL, "At most 900.", False)
            (found,) = (await data_of(client, "search_across", query="flowers", contexts=["wedding:*"]))["hits"]
            assert found["contexts"] == [FULL]
            (one,) = (await data_of(client, "contexts"))["contexts"]
            assert (one["id"], one["counts"]["working"]) == (FULL, 1)
            gone = await data_of(client, "forget", context=BUDGET, key="flowers")
            assert (gone["is_forgotten"], gone["was"]["value"]) == (True, "At most 900.")
            assert (await data_of(client, "recall", context=BUDGET, key="flowers"))["hits"] == []

    talk(work)


def test_when_the_server_ends_its_memory_is_closed(journal: Repo) -> None:
    waiting = journal.path / ".git" / "journal-memory" / "working.sqlite-wal"

    async def work() -> None:
        async with here(journal) as client:
            await data_of(client, "remember", context=BUDGET, key="k", value="v", importance=0.6)
            assert waiting.exists()

    talk(work)
    assert not waiting.exists()  # who closes SQLite's last connection takes it away


def test_what_one_server_was_told_another_knows(journal: Repo) -> None:
    async def tell() -> None:
        async with over_stdio(journal) as client:
            await data_of(client, "remember", context="global", key="likes", value={"tea": True}, importance=0.6)

    async def ask() -> None:
        async with over_stdio(journal) as client:
            (hit,) = (await data_of(client, "recall", context=BUDGET, key="likes"))["hits"]
            assert (hit["kind"], hit["value"]) == ("json", {"tea": True})

    talk(tell)
    talk(ask)


def test_bytes_travel_as_base64(journal: Repo) -> None:
    written = base64.b64encode(bytes(range(256))).decode()

    async def work() -> None:
        async with here(journal) as client:
            await data_of(client, "remember", context=BUDGET, key="logo", value=written, is_base64=True)
            (hit,) = (await data_of(client, "recall", context=BUDGET, key="logo"))["hits"]
            assert (hit["kind"], hit["value"]) == ("bytes", written)
            told = await refusal_of(client, "remember", context=BUDGET, key="logo", value="no!", is_base64=True)
            assert "not base64" in told

    talk(work)


def test_a_long_value_is_whole_only_where_its_key_is_given(journal: Repo) -> None:
    long = "caterer " * 131_072  # 1 MiB

    async def work() -> None:
        async with here(journal) as client:
            await data_of(client, "remember", context=BUDGET, key="offers", value=long, importance=0.6)
            answer = await client.call_tool("recall", {"context": BUDGET, "query": "caterer"})
            assert answer.structured_content["hits"][0]["is_cut"] is True
            assert len(text_of(answer)) < 20_000
            (hit,) = (await data_of(client, "recall", context=BUDGET, key="offers"))["hits"]
            assert (hit["value"], hit["is_cut"]) == (long, False)

    talk(work)


def test_a_version_that_is_not_there_any_more_is_refused(journal: Repo) -> None:
    async def work() -> None:
        async with here(journal) as client:
            first = await data_of(client, "remember", context=BUDGET, key="sum", value=1, importance=0.6)
            await data_of(client, "remember", context=BUDGET, key="sum", value=2)
            told = await refusal_of(client, "remember", context=BUDGET, key="sum", value=3, expected=first["version"])
            assert "expected version" in told
            (hit,) = (await data_of(client, "recall", context=BUDGET, key="sum"))["hits"]
            assert hit["value"] == 2

    talk(work)


def test_many_clients_calls_at_once_lose_nothing(journal: Repo) -> None:
    async def write(client: Client, number: int) -> None:
        await data_of(client, "remember", context=BUDGET, key=f"item {number}", value=f"Note {number}.", importance=0.6)

    async def work() -> None:
        async with here(journal) as client:
            async with anyio.create_task_group() as tasks:
                for number in range(30):
                    tasks.start_soon(write, client, number)
            (one,) = (await data_of(client, "contexts"))["contexts"]
            assert one["counts"]["working"] == 30

    talk(work)


def test_sharing_follows_the_rules_as_they_are_now(journal: Repo) -> None:
    guests, vendors = "wedding:42:module:guests", "wedding:42:module:vendors"

    async def work() -> None:
        async with here(journal) as client:
            await data_of(
                client, "remember", context=guests, key="counts", value={"vegan": 3}, type="guests", importance=0.6
            )
            told = await refusal_of(client, "share", source=guests, target=vendors, key="counts")
            assert "sharing.yaml" in told
            rules = journal.write("journal/sharing.yaml", SHARING)
            made = await data_of(client, "share", source=guests, target=vendors, key="counts")
            assert made["rule"] == "counts"
            assert (await data_of(client, "recall", context=vendors, key=made["key"]))["hits"]
            rules.unlink()
            assert (await data_of(client, "recall", context=vendors, key=made["key"]))["hits"] == []
            gone = await data_of(client, "withdraw")
            assert gone == {"withdrawn": [{"context": f"taskmaster:{vendors}", "key": made["key"]}]}
            assert await data_of(client, "withdraw") == {"withdrawn": []}

    talk(work)


def test_history_tells_what_a_key_held_the_newest_first(journal: Repo) -> None:
    long = "A word of it. " * 3_000

    async def work() -> None:
        async with here(journal) as client:
            await client.list_tools()  # so that answers are checked against their schemas
            assert await data_of(client, "history", context=BUDGET, key="flowers") == {"total": 0, "revisions": []}
            for value in ("At most 900.", long, "At most 1,000."):
                await data_of(client, "remember", context=BUDGET, key="flowers", value=value, importance=0.8)
                await data_of(client, "flush")
            await data_of(client, "forget", context=BUDGET, key="flowers")
            await data_of(client, "flush")
            told = await data_of(client, "history", context=BUDGET, key="flowers")
            values = [one["memory"] and one["memory"]["value"] for one in told["revisions"]]
            assert [values[0], values[1], values[3]] == [None, "At most 1,000.", "At most 900."]
            assert [one["is_cut"] for one in told["revisions"]] == [False, False, True, False]
            assert len(values[2]) < len(long)
            few = await data_of(client, "history", context=BUDGET, key="flowers", limit=1)
            assert (few["total"], few["revisions"]) == (4, told["revisions"][:1])
            commit = told["revisions"][2]["commit"]
            (whole,) = (await data_of(client, "recall", context=BUDGET, key="flowers", at=commit))["hits"]
            assert whole["value"] == long
            text = text_of(await client.call_tool("history", {"context": BUDGET, "key": "flowers", "limit": 2}))
            assert text.splitlines()[1] == "(forgotten)"
            assert text.splitlines()[-1] == "(2 older revisions)"

    talk(work)


def test_what_is_learned_is_counted_and_tidying_up_can_be_rehearsed(journal: Repo) -> None:
    text = "The florist delivers the peonies on Friday before ten, through the garden gate of the barn."

    async def work() -> None:
        async with here(journal) as client:
            await client.list_tools()
            await data_of(client, "learn", context=BUDGET, pattern={"season": "May"}, outcome=True)
            known = await data_of(client, "learn", context=BUDGET, pattern={"season": "may"}, outcome={"ok": False})
            assert (known["count"], known["success_share"]) == (2, 0.5)
            for key in ("florist", "florist copy"):
                await data_of(client, "remember", context=BUDGET, key=key, value=text, importance=0.8)
            plan = await data_of(client, "consolidate", dry_run=True)
            assert (plan["compressed"], plan["flushed"]) == (1, None)
            done = await data_of(client, "consolidate")
            assert (done["compressed"], done["flushed"]["conflict"]) == (1, 0)

    talk(work)
    assert journal.git("rev-list", "--count", "HEAD").strip() == "3"


def test_a_flush_writes_one_commit_with_the_client_s_memories(journal: Repo) -> None:
    before = journal.git("rev-list", "--count", "HEAD")

    async def work() -> None:
        async with here(journal) as client:
            for number in range(3):
                await data_of(client, "remember", context=BUDGET, key=f"k{number}", value="A.", importance=0.8)
            done = await data_of(client, "flush")
            assert (done["owed"], done["written"]) == (3, 3)
            assert (await data_of(client, "flush"))["owed"] == 0
            await data_of(client, "remember", context=BUDGET, key="k1", value="B.")
            for at, value in (("HEAD", "A."), ("", "B.")):
                (hit,) = (await data_of(client, "recall", context=BUDGET, key="k1", at=at))["hits"]
                assert hit["value"] == value
            assert (await data_of(client, "recall", context=BUDGET, key="k9", at="HEAD"))["hits"] == []

    talk(work)
    assert int(journal.git("rev-list", "--count", "HEAD")) == int(before) + 1
    assert journal.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("remember", {"context": BUDGET, "key": "k"}, "'value' is a required property"),
        ("remember", {"context": "nonsense", "key": "k", "value": "v"}, "'taskmaster:nonsense'"),
        ("remember", {"context": "../../etc", "key": "k", "value": "v"}, "../../etc"),
        ("remember", {"context": BUDGET, "key": "two\nlines", "value": "v"}, "the key"),
        ("remember", {"context": BUDGET, "key": "", "value": "v"}, "key: must not be empty"),
        ("remember", {"context": BUDGET, "key": "k", "value": "v", "ttl": "soon"}, "soon"),
        ("remember", {"context": BUDGET, "key": "k", "value": "v", "importance": 2}, "importance: must be at most 1"),
        ("remember", {"context": BUDGET, "key": "k", "value": "\ud800"}, "not Unicode"),
        ("remember", {"context": BUDGET, "key": "k", "value": "v", "metadata": {"_archived": True}}, "_archived"),
        ("recall", {"context": BUDGET, "limit": 0}, "limit: must be at least 1"),
        ("recall", {"context": BUDGET, "query": "x", "at": "--all"}, "no commit of this repository"),
        ("search_across", {"query": "x", "contexts": ["a:b:c:d:e:f:g:h:i"]}, "a:b:c"),
        ("forget", {"context": BUDGET}, "'key' is a required property"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    journal: Repo, tool: str, arguments: dict[str, Any], told: str
) -> None:
    async def work() -> None:
        async with here(journal) as client:
            assert told in await refusal_of(client, tool, **arguments)

    talk(work)


def test_a_question_without_words_brings_what_was_changed_last(journal: Repo) -> None:
    async def work() -> None:
        async with here(journal) as client:
            for key in ("first", "second"):
                await data_of(client, "remember", context=BUDGET, key=key, value="A note.", importance=0.6)
            hits = (await data_of(client, "recall", context=BUDGET, limit=1))["hits"]
            assert [hit["key"] for hit in hits] == ["second"]

    talk(work)


def test_read_only_leaves_out_what_writes(journal: Repo) -> None:
    async def work() -> None:
        async with here(journal, read_only=True) as client:
            names = {one.name for one in (await client.list_tools()).tools}
            assert names.isdisjoint({"remember", "forget", "share", "withdraw", "learn", "consolidate", "flush"})
            assert {"recall", "search_across", "history", "contexts"} <= names
            assert (await data_of(client, "recall", context=BUDGET, query="flowers"))["hits"] == []

    talk(work)


def test_what_an_assistant_was_given_does_not_come_back_as_news(journal: Repo) -> None:
    told = "The florist delivers on Friday before ten, through the garden gate, and wants to be paid in cash."

    async def work() -> None:
        async with here(journal) as client:
            await data_of(client, "remember", context=BUDGET, key="florist", value=told, importance=0.6)
            await data_of(client, "recall", context=BUDGET, query="florist")

    talk(work)
    journal.write(".augment/memories/notes.json", json.dumps([{"text": told}]))
    found = import_memories(open_journal(journal.path), now=datetime(2025, 4, 5, 14, 30, tzinfo=UTC))
    assert (found.recalled, found.imported) == (1, 0)
