"""journal.toml may be a stranger's: it sends nobody's memories to a server that nobody here trusts."""

from __future__ import annotations

from pathlib import Path

import pytest
from memory_worlds import World, make_world

from sync.errors import JournalError, RefusedError, SettingsError
from sync.operations.journal import open_journal
from sync.operations.memory_site import find_site
from sync.taskmaster.tiers.registry import Site

HERE = [
    ("working", "postgresql:///memories"),
    ("working", "postgresql://localhost/memories?sslmode=require&application_name=journal"),
    ("working", "postgresql://ada%40home@127.0.0.1:5432/memories"),
    ("working", "postgresql://[::1]/memories"),
    ("short_term", "redis://localhost:6379/0?protocol=3"),
    ("short_term", "redis://localhost?db=1"),
    ("events", "unix:///run/redis.sock?db=2"),
]
ELSEWHERE = [
    ("working", "postgresql://db.example/memories?sslmode=verify-full"),
    ("short_term", "rediss://ada@cache.example:6380/0"),
    ("events", "redis://cache.example"),
    ("objects", "s3://a-bucket/prefix"),
]
NEVER = [
    ("working", "postgresql:///db?host=evil.example"),
    ("working", "postgresql://localhost/db?host=evil.example"),
    ("working", "postgresql://localhost/db?sslmode=disable&hostaddr=6.6.6.6"),
    ("working", "postgresql://localhost/db?%68ost=evil.example"),
    ("working", "postgresql://localhost/db?service=x"),
    ("working", "postgresql://localhost/db?passfile=/x"),
    ("working", "postgresql://localhost/db?port=1"),
    ("working", "postgresql://localhost/db?options=-c%20x"),
    ("working", "postgresql://localhost/db?sslkey=/x"),
    ("working", "postgresql://127.0.0.1,evil.example/db"),
    ("working", "postgresql://localhost,evil.example/db"),
    ("working", "postgresql://localhost%2Cevil.example/db"),
    ("working", "postgresql://evil.example\\@localhost/db"),
    ("working", "postgresql://%2Frun/db"),
    ("working", "postgresql://localhost/host=evil.example"),
    ("working", "postgresql://localhost/db#?host=evil.example"),
    ("short_term", "redis://localhost?host=evil.example"),
    ("short_term", "redis://localhost?path=/x"),
    ("short_term", "redis:///0"),
    ("short_term", "unix://evil.example/x"),
    ("short_term", "unix:///x?host=evil.example"),
    ("events", "redis://localhost,evil.example/0"),
    ("objects", "s3://bucket/x?endpoint=http://evil.example"),
    ("objects", "s3://user@bucket/x"),
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "repo")


def site(world: World, key: str, url: str, **environment: str) -> Site:
    """Where memories are held, with a place in journal.toml."""
    world.repo.write("journal.toml", f"[memory]\nsemantic = \"off\"\n{key} = '{url}'\n")
    return find_site(open_journal(world.repo.path), environment=environment)


@pytest.mark.parametrize(("key", "url"), HERE)
def test_this_machine_is_trusted(world: World, key: str, url: str) -> None:
    assert getattr(site(world, key, url).settings, key) == url


@pytest.mark.parametrize(("key", "url"), ELSEWHERE)
def test_another_machine_is_not_trusted_until_somebody_says_so(world: World, key: str, url: str) -> None:
    for said in ("", ",", "other.example, "):
        with pytest.raises(RefusedError, match="does not trust"):
            site(world, key, url, JOURNAL_MEMORY_TRUST=said)
    names = "db.example, cache.example,a-bucket"
    assert getattr(site(world, key, url, JOURNAL_MEMORY_TRUST=names).settings, key) == url


@pytest.mark.parametrize(("key", "url"), NEVER)
def test_a_url_that_leads_elsewhere_than_it_says_is_refused(world: World, key: str, url: str) -> None:
    world.repo.git("config", "--add", "journal.memory.trust", "")
    with pytest.raises(SettingsError, match=rf"journal\.toml: memory\.{key}: the URL"):
        site(world, key, url, JOURNAL_MEMORY_TRUST=",localhost,bucket")


@pytest.mark.parametrize(("key", "url"), [one for one in NEVER if one[0] == "working"][:6])
def test_the_environment_may_name_any_url(world: World, key: str, url: str) -> None:
    found = site(world, key, "sqlite:", JOURNAL_MEMORY_WORKING=url)
    assert getattr(found.settings, key) == url


def test_a_refused_url_is_one_line_that_says_what_to_do(world: World) -> None:
    with pytest.raises(JournalError) as caught:
        site(world, "working", "postgresql://localhost/db?host=evil.example")
    assert "\n" not in caught.value.message
    assert "JOURNAL_MEMORY_WORKING" in caught.value.hint
