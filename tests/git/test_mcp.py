"""The journal as an MCP server, asked by the SDK's own client: what it offers, answers and refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from jsonschema import Draft202012Validator
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, TextContent, TextResourceContents
from repositories import Repo, entry_text
from serving import ME, TRANSPORTS, data_of, refusal_of, talk, text_of

from sync.errors import UsageError
from sync.mcp.calls import Answer, Call
from sync.mcp.prompts import PROMPTS
from sync.mcp.resources import PAGE
from sync.mcp.server import make_server
from sync.mcp.tools import TOOLS, Effect, tools
from sync.operations.journal import open_journal
from sync.operations.write import write_entry

ENTRIES = "journal/entries"
RAG = f"{ENTRIES}/2025-04-05-14-30-rag.md"
RETRY = f"{ENTRIES}/2025-04-06-09-00-retry.md"
CACHE = f"{ENTRIES}/2025-04-07-09-00-cache.md"


@pytest.fixture
def journal(repo: Repo) -> Repo:
    """Three committed entries: one names another, two share a rare tag."""
    repo.write("journal.toml", '[journal]\nlanguage = "en"\ntimezone = "Europe/Paris"\n')
    body = "## Technical lessons\n\n- Tantivy folds accents before it stems French words.\n"
    repo.write(RAG, entry_text("Retrieval", tags="search, rare", body=body))
    text = entry_text("Retries", tags="network", body="Retry with jitter; see [the search](2025-04-05-14-30-rag.md).")
    repo.write(RETRY, text.replace("2025-04-05", "2025-04-06", 1).replace("heure: 14-30", "heure: 09-00"))
    cache = entry_text("Caches", tags="rare", body="Caches are keyed by blob.")
    repo.write(CACHE, cache.replace("date: 2025-04-05", "date: 2025-04-07"))
    repo.commit()
    return repo


def here(journal: Repo, *, read_only: bool = False) -> Client:
    """A client of a server in this process, for what does not hang on the transport."""
    return Client(make_server(journal.path, tools(read_only=read_only)), client_info=ME)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_every_tool_answers_as_its_schema_says(journal: Repo, transport: str) -> None:
    head = journal.git("rev-parse", "HEAD").strip()

    async def work() -> None:
        async with TRANSPORTS[transport](journal) as client:
            await client.list_tools()  # from here on the client checks each answer against its schema
            (hit,) = (await data_of(client, "query", question="accents", limit=1))["hits"]
            assert (hit["entry"], hit["lines"], hit["commit"]) == (RAG, [13, 13], head)
            answer = await data_of(client, "ask", question="What folds accents?")
            assert RAG in {one["entry"] for one in answer["citations"]}
            assert "jitter" in (await data_of(client, "read_entry", entry=RETRY))["text"]
            assert (await data_of(client, "list_tags"))["tags"][0] == {"tag": "rare", "entries": 2}
            cards = (await data_of(client, "recent_entries", limit=2))["entries"]
            assert [card["entry"] for card in cards] == [CACHE, RETRY]
            near = (await data_of(client, "related_entries", entry="2025-04-05-14-30-rag"))["related"]
            assert {one["entry"]: one["why"][0]["bond"] for one in near} == {RETRY: "linked from", CACHE: "tags"}
            assert (await data_of(client, "sync_status"))["branch"] == "main"
            assert await data_of(client, "list_conflicts") == {"conflicts": []}
            made = await data_of(client, "write_entry", title="Été", text="Learned.")
            assert made["written_by"] == "tester 1.2"

    talk(work)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_entry_that_is_written_while_it_serves_is_found(journal: Repo, transport: str) -> None:
    async def work() -> None:
        async with TRANSPORTS[transport](journal) as client:
            assert (await data_of(client, "query", question="kaleidoscope"))["hits"] == []
            journal.write(f"{ENTRIES}/2025-05-01-10-00-by-hand.md", entry_text("By hand", body="A kaleidoscope."))
            (hit,) = (await data_of(client, "query", question="kaleidoscope"))["hits"]
            assert (hit["title"], hit["commit"]) == ("By hand", "")
            await data_of(client, "write_entry", title="By machine", text="A marzipan.", tags=["sweet"])
            (hit,) = (await data_of(client, "query", question="marzipan", tags=["sweet"]))["hits"]
            assert hit["title"] == "By machine"

    talk(work)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_resources_and_prompts_are_served(journal: Repo, transport: str) -> None:
    async def work() -> None:
        async with TRANSPORTS[transport](journal) as client:
            listed = (await client.list_resources()).resources
            assert [str(one.uri) for one in listed][:3] == [
                "journal://recent", "journal://tags", "journal://entries/2025-04-05-14-30-rag.md",
            ]  # fmt: skip
            assert [(one.name, one.title) for one in listed][2] == ("2025-04-05-14-30-rag", "Retrieval")
            assert await read(client, "journal://entries/2025-04-05-14-30-rag.md") == journal.read(RAG)
            assert json.loads(await read(client, "journal://recent"))["entries"][0]["entry"] == CACHE
            assert json.loads(await read(client, "journal://tags"))["tags"][0]["tag"] == "rare"
            (template,) = (await client.list_resource_templates()).resource_templates
            assert template.uri_template == "journal://entries/{+path}"
            assert [one.name for one in (await client.list_prompts()).prompts] == [one.name for one in PROMPTS]
            assert "Tantivy folds accents" in await prompt(client, "lessons_on", topic="accents")

    talk(work)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_many_calls_at_once_each_get_their_own_answer(journal: Repo, transport: str) -> None:
    wanted = {"accents": RAG, "jitter": RETRY, "blob": CACHE}
    found: list[tuple[str, str]] = []

    async def ask(client: Client, word: str) -> None:
        hits = (await data_of(client, "query", question=word, limit=1))["hits"]
        found.append((word, hits[0]["entry"]))

    async def work() -> None:
        async with TRANSPORTS[transport](journal) as client, anyio.create_task_group() as tasks:
            for word in [*wanted] * 5:
                tasks.start_soon(ask, client, word)

    talk(work)
    assert sorted(found) == sorted([*wanted.items()] * 5)


def test_hints_say_what_a_tool_may_change(journal: Repo) -> None:
    async def work() -> None:
        async with here(journal) as client:
            hints = {one.name: one.annotations for one in (await client.list_tools()).tools}
        flags = {
            name: (one.read_only_hint, one.destructive_hint, one.idempotent_hint, one.open_world_hint)
            for name, one in hints.items()
            if one is not None
        }
        assert flags.pop("ask") == (True, False, True, True)
        assert flags.pop("write_entry") == (False, False, False, False)
        assert flags.pop("learn") == (False, False, False, False)
        assert {flags.pop(name) for name in ("remember", "forget", "withdraw")} == {(False, True, True, False)}
        assert {flags.pop(name) for name in ("share", "consolidate", "flush")} == {(False, False, True, False)}
        assert set(flags.values()) == {(True, False, True, False)}

    talk(work)


def test_searching_reaches_others_where_an_endpoint_makes_the_vectors(
    journal: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNAL_SEARCH_MODEL", "openai:tiny")

    async def work() -> None:
        async with here(journal) as client:
            hints = {one.name: one.annotations for one in (await client.list_tools()).tools}
        assert {name for name, one in hints.items() if one and one.open_world_hint} == {
            "ask", "query", "recall", "related_entries", "search_across",
        }  # fmt: skip

    talk(work)


def test_what_tools_take_and_give_are_schemas() -> None:
    for tool in TOOLS:
        Draft202012Validator.check_schema(tool.takes)
        Draft202012Validator.check_schema(tool.gives)
        assert tool.takes["additionalProperties"] is False


def test_read_only_leaves_out_what_writes(journal: Repo) -> None:
    async def work() -> None:
        async with here(journal, read_only=True) as client:
            names = {one.name for one in (await client.list_tools()).tools}
            assert names == {one.name for one in TOOLS if one.effect is not Effect.WRITES}
            with pytest.raises(MCPError, match="no such tool"):
                await client.call_tool("write_entry", {"title": "x", "text": "y"})

    talk(work)
    assert len(list((journal.path / ENTRIES).iterdir())) == 3


def test_tools_that_only_read_leave_the_work_tree_as_it_is(journal: Repo) -> None:
    async def work() -> None:
        async with here(journal) as client:
            for name, arguments in {
                "query": {"question": "accents"}, "ask": {"question": "accents"}, "read_entry": {"entry": RAG},
                "related_entries": {"entry": RAG}, "sync_status": {}, "list_conflicts": {}, "list_tags": {},
            }.items():  # fmt: skip
                await data_of(client, name, **arguments)

    talk(work)
    assert journal.git("status", "--porcelain") == ""


def test_a_written_entry_says_who_wrote_it_is_valid_and_is_not_committed(journal: Repo) -> None:
    async def work() -> None:
        async with here(journal) as client:
            text = "## What was done\r\n\r\n- {title} is no placeholder here."
            first = await data_of(client, "write_entry", title="A: 'b'\n#c", text=text, tags=["x"], related=[RAG])
            second = await data_of(client, "write_entry", title="A: 'b'\n#c", text="Other.")
            assert first["entry"] != second["entry"]
            written = journal.read(first["entry"])
            assert "written_by: tester 1.2\n" in written
            assert "\n# A: 'b' #c\n\n## What was done\n\n- {title} is no placeholder here.\n" in written

    talk(work)
    assert journal.journal("validate").exit_code == 0
    assert journal.git("diff", "--cached", "--name-only") == ""
    assert journal.git("status", "--porcelain").count("??") == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"title": "x", "text": " \n"}, "needs a title and a text"),
        ({"title": "\x07", "text": "y"}, "needs a title and a text"),
        ({"title": "x", "text": "The key is AKIAIOSFODNN7EXBMPLE."}, "looks like a secret"),
        ({"title": "x", "text": "y", "tags": [""]}, "tags.0: must not be empty"),
        ({"title": "x" * 301, "text": "y"}, "title: 301 characters are too many"),
        ({"title": "x", "text": "y" * 200_001}, "text: 200001 characters are too many"),
        ({"title": "x", "text": "y", "path": "../z"}, "path: no such argument"),
    ],
)
def test_an_entry_that_must_not_be_written_is_not(journal: Repo, arguments: dict[str, Any], told: str) -> None:
    async def work() -> None:
        async with here(journal) as client:
            assert told in await refusal_of(client, "write_entry", **arguments)

    talk(work)
    assert journal.git("status", "--porcelain") == ""


def test_what_would_not_validate_is_not_written(journal: Repo) -> None:
    with pytest.raises(UsageError, match="this makes no entry: title"):
        write_entry(open_journal(journal.path), "x" * 1001, "Text.", author="", now=datetime.now(UTC))


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("query", {}, "'question' is a required property"),
        ("query", {"question": ""}, "question: must not be empty"),
        ("query", {"question": "  "}, "the question is empty; try:"),
        ("query", {"question": "x" * 100_000}, "question: 100000 characters are too many, at most 10000"),
        ("query", {"question": "a", "limit": 51}, "limit: must be at most 50"),
        ("query", {"question": "a", "limit": "5"}, "limit: must be of type integer"),
        ("query", {"question": "a", "mode": "magic"}, "mode: must be one of best, lexical"),
        ("query", {"question": "a", "since": "May"}, "since: must be a day such as 2025-04-05"),
        ("query", {"question": "a", "until": "2025-02-30"}, "not a day: 2025-02-30; write it as"),
        ("query", {"question": "a", "at": "--output=x"}, "there is no such commit"),
        ("query", {"question": "a", "at": "\ud800"}, "not Unicode"),
        ("query", {"question": "a", "max": 3}, "max: no such argument; there are: question, limit"),
        ("read_entry", {"entry": "../journal.toml"}, "no such entry; name it by its path"),
        ("read_entry", {"entry": "/etc/passwd"}, "no such entry"),
        ("read_entry", {"entry": RAG, "first_line": 99}, "there are no lines 99 to 0"),
        ("related_entries", {"entry": "nothing"}, "nothing: no such entry"),
    ],
)
def test_a_call_that_cannot_be_answered_is_refused_in_one_line(
    journal: Repo, tool: str, arguments: dict[str, Any], told: str
) -> None:
    async def work() -> None:
        async with here(journal) as client:
            assert told in await refusal_of(client, tool, **arguments)

    talk(work)


def test_a_bug_ends_one_call_and_is_logged(journal: Repo, capfd: pytest.CaptureFixture[str]) -> None:
    def broken(_call: Call) -> Answer:
        raise ZeroDivisionError

    offered = {**tools(read_only=True), "query": replace(TOOLS[0], work=broken)}

    async def work() -> None:
        async with Client(make_server(journal.path, offered)) as client:
            assert "this is a bug in journal" in await refusal_of(client, "query", question="x")
            assert (await data_of(client, "list_tags"))["tags"]

    talk(work)
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_settings_that_go_wrong_while_it_serves_are_told_and_can_be_put_right(journal: Repo) -> None:
    settings = journal.read("journal.toml")

    async def work() -> None:
        async with here(journal) as client:
            journal.write("journal.toml", "nonsense")
            assert "journal.toml: not TOML" in await refusal_of(client, "list_tags")
            journal.write("journal.toml", settings)
            assert (await data_of(client, "list_tags"))["tags"]

    talk(work)


def test_passages_are_known_again_when_an_assistant_hands_them_back(journal: Repo) -> None:
    journal.write(RAG, entry_text("Retrieval", body="The quick brown fox jumps over the lazy dog, every single day."))

    async def work() -> None:
        async with here(journal) as client:
            text = text_of(await client.call_tool("query", {"question": "fox", "limit": 1}))
            assert f"(journal: {RAG}:11)" in text

    talk(work)
    journal.git("rm", "-q", "-f", RAG)
    echo = [{"text": "The quick brown fox jumps over the lazy dog, every single day.", "metadata": {}}]
    journal.write(".augment/memories/other.json", json.dumps(echo))
    assert json.loads(journal.journal("import", "--json").stdout)["imported"] == 0


def test_what_the_journal_says_already_is_not_written_again(journal: Repo) -> None:
    async def work() -> None:
        async with here(journal) as client:
            (hit,) = (await data_of(client, "query", question="accents", limit=1))["hits"]
            told = await refusal_of(client, "write_entry", title="News", text=hit["text"])
            assert f"stands in the journal already: {RAG}" in told
            await data_of(client, "write_entry", title="News", text=f"{hit['text']}\n- And it is fast.")

    talk(work)


def test_a_passage_that_is_too_long_is_cut_and_can_be_read_on(journal: Repo) -> None:
    journal.write(RAG, entry_text("Long", body="needle " + "hay " * 5000))

    async def work() -> None:
        async with here(journal) as client:
            (hit,) = (await data_of(client, "query", question="needle"))["hits"]
            assert hit["text"].endswith("…")
            assert len(hit["text"]) <= 4000
            first, last = hit["lines"]
            whole = await data_of(client, "read_entry", entry=RAG, first_line=first, last_line=last)
            assert len(whole["text"]) > 20_000

    talk(work)


def test_who_asks_for_it_is_told_how_far_the_work_has_come(journal: Repo) -> None:
    seen: list[tuple[float, float | None, str | None]] = []

    def slow(call: Call) -> Answer:
        call.progress(1, 4)
        return Answer(text="done", data={"tags": []})

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total, message))

    offered = {"list_tags": replace(next(one for one in TOOLS if one.name == "list_tags"), work=slow)}

    async def work() -> None:
        async with Client(make_server(journal.path, offered)) as client:
            await client.call_tool("list_tags", {}, progress_callback=note)

    talk(work)
    assert seen == [(1, 4, None)]


def test_long_entries_are_read_a_part_at_a_time(journal: Repo) -> None:
    lines = [f"line {number} " + "x" * 90 for number in range(2000)]
    journal.write(RAG, entry_text("Long", body="\n".join(lines)))

    async def work() -> None:
        async with here(journal) as client:
            got, first, of = "", 1, 1
            while first <= of:
                part = await data_of(client, "read_entry", entry=RAG, first_line=first)
                assert len(part["text"]) <= 60_000
                got, first, of = got + part["text"] + "\n", part["lines"][1] + 1, part["of"]
            assert got == journal.read(RAG)

    talk(work)


def test_an_id_that_two_entries_bear_is_not_guessed(journal: Repo) -> None:
    for day in ("2025-06-01", "2025-06-02"):
        journal.write(f"{ENTRIES}/{day}-twice.md", entry_text().replace("heure", "id: twice\nheure"))

    async def work() -> None:
        async with here(journal) as client:
            assert "could be" in await refusal_of(client, "read_entry", entry="twice")

    talk(work)


@pytest.mark.parametrize(
    "path",
    [
        "../../journal.toml", "%2e%2e/%2e%2e/journal.toml", "/etc/passwd", "%2Fetc%2Fpasswd", "a\\..\\b", "a%00b",
        "..%2f..%2fjournal.toml", "%252e%252e/journal.toml", "none.md", "", "2025-04-05-14-30-rag.md/..",
    ],
)  # fmt: skip
def test_no_address_leads_out_of_the_entries_folder(journal: Repo, path: str) -> None:
    async def work() -> None:
        async with here(journal) as client:
            with pytest.raises(MCPError) as caught:
                await client.read_resource(f"journal://entries/{path}")
            assert caught.value.code == INVALID_PARAMS

    talk(work)


def test_entries_of_any_name_can_be_read_at_the_address_that_is_listed(journal: Repo) -> None:
    for name in ("sub/é à.md", "100%25.md", "a#b?c.md"):
        journal.write(f"{ENTRIES}/{name}", entry_text(name))

    async def work() -> None:
        async with here(journal) as client:
            for one in (await client.list_resources()).resources[2:]:
                assert one.title is not None
                assert f"title: {one.title}" in await read(client, str(one.uri))

    talk(work)


def test_resources_are_listed_a_page_at_a_time(journal: Repo) -> None:
    for number in range(PAGE + 5):
        journal.write(f"{ENTRIES}/2025-01-01-n{number:03}.md", entry_text(f"N {number}"))

    async def work() -> None:
        async with here(journal) as client:
            first = await client.list_resources()
            second = await client.list_resources(cursor=first.next_cursor)
            names = [one.name for page in (first, second) for one in page.resources]
            assert len(first.resources) == PAGE + 2
            assert second.next_cursor is None
            assert len(names) == len(set(names)) == PAGE + 5 + 3 + 2
            with pytest.raises(MCPError, match="none that this server gave"):
                await client.list_resources(cursor="x")

    talk(work)


def test_a_resource_says_where_it_is_from(journal: Repo) -> None:
    head = journal.git("rev-parse", "HEAD").strip()
    journal.write(RETRY, entry_text("Changed"))

    async def work() -> None:
        async with here(journal) as client:
            committed = (await client.read_resource("journal://entries/2025-04-05-14-30-rag.md")).contents[0]
            changed = (await client.read_resource("journal://entries/2025-04-06-09-00-retry.md")).contents[0]
            assert committed.meta == {"entry": RAG, "lines": [1, 14], "commit": head}
            assert changed.meta == {"entry": RETRY, "lines": [1, 11], "commit": ""}

    talk(work)


@pytest.mark.parametrize(("language", "asks"), [("en", "Summarise the journal"), ("fr", "Résume le journal")])
def test_a_week_is_summarised_in_the_language_of_the_journal(journal: Repo, language: str, asks: str) -> None:
    journal.write("journal.toml", f'[journal]\nlanguage = "{language}"\n')

    async def work() -> None:
        async with here(journal) as client:
            text = await prompt(client, "summarise_week", until="2025-04-12")
            assert text.startswith(asks)
            assert "2025-04-06" in text.partition("\n")[0]
            assert f"{RETRY}:9-11 @ " in text
            assert "Caches are keyed by blob." in text
            assert "Tantivy" not in text  # of the day before

    talk(work)


def test_without_a_day_the_week_ends_today_where_the_journal_is(journal: Repo) -> None:
    zone = "Pacific/Kiritimati"  # fourteen hours ahead: there it is tomorrow more often than not
    journal.write("journal.toml", f'[journal]\nlanguage = "en"\ntimezone = "{zone}"\n')
    today = datetime.now(UTC).astimezone(open_zone(zone)).date()
    journal.write(f"{ENTRIES}/{today}-new.md", entry_text("New").replace("2025-04-05", today.isoformat()))

    async def work() -> None:
        async with here(journal) as client:
            text = await prompt(client, "summarise_week")
            assert f"{ENTRIES}/{today}-new.md" in text
            assert (today - timedelta(days=6)).isoformat() in text

    talk(work)


def test_prompts_hold_passages_of_the_journal(journal: Repo) -> None:
    async def work() -> None:
        async with here(journal) as client:
            lessons = await prompt(client, "lessons_on", topic="accents")
            assert lessons.index("Tantivy folds accents") < len(lessons)
            assert "The journal has nothing on this" in await prompt(client, "decisions_on", topic="zeppelins")
            draft = await prompt(client, "prepare_entry", title="Jitter {topic}")
            assert "## Technical lessons" in draft
            assert 'titled "Jitter {topic}"' in draft
            assert "Retry with jitter" in draft

    talk(work)


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("summarise_week", {"until": "soon"}, "not a day: soon"),
        ("lessons_on", {}, "lessons_on needs topic"),
        ("lessons_on", {"topic": "x" * 501}, "more than 500 characters"),
        ("lessons_on", {"topic": "x", "y": "z"}, "y: no such argument"),
        ("sing", {}, "no such prompt"),
    ],
)
def test_a_prompt_that_cannot_be_made_is_refused(
    journal: Repo, name: str, arguments: dict[str, str], told: str
) -> None:
    async def work() -> None:
        async with here(journal) as client:
            with pytest.raises(MCPError, match=told) as caught:
                await client.get_prompt(name, arguments)
            assert caught.value.code == INVALID_PARAMS

    talk(work)


def test_the_documentation_lists_every_tool_prompt_and_resource() -> None:
    text = (Path(__file__).parents[2] / "docs" / "assistants.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}

    assert {one.name for one in TOOLS} | {one.name for one in PROMPTS} <= rows
    assert {"journal://recent", "journal://tags", "journal://entries/{path}"} <= rows
    listed = text.partition("## Tools")[2].partition("## ")[0]
    assert [line.split("`")[1] for line in listed.splitlines() if line.startswith("| `")] == [one.name for one in TOOLS]


async def read(client: Client, uri: str) -> str:
    """The text of a resource."""
    (content,) = (await client.read_resource(uri, cache_mode="bypass")).contents
    assert isinstance(content, TextResourceContents)
    return content.text


async def prompt(client: Client, name: str, **arguments: str) -> str:
    """The text of a prompt."""
    (message,) = (await client.get_prompt(name, arguments)).messages
    assert isinstance(message.content, TextContent)
    return message.content.text


def open_zone(name: str) -> Any:
    """A time zone by its name."""
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)
