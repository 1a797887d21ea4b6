"""What every store of large values keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from servers import s3

from sync.errors import GitError, RefusedError, UsageError
from sync.taskmaster.tiers.objects.digests import name_of
from sync.taskmaster.tiers.objects.folder import FolderObjects
from sync.taskmaster.tiers.objects.s3 import S3Objects
from sync.taskmaster.tiers.protocol import Objects

BIG = 50 * (1 << 20)
ODD = ["", "../../../etc/passwd", "A" * 64, "a" * 63, f"{'a' * 64}\n", "a/" + "b" * 62]


@dataclass(frozen=True)
class Place:
    """A store, and what is really in it.

    Attributes:
        objects: the store.
        names: the names below it.
        overwrite: replaces what is under a name by other bytes.
    """

    objects: Objects
    names: Callable[[], list[str]]
    overwrite: Callable[[str, bytes], object]


def in_folder(tmp_path: Path, _monkeypatch: pytest.MonkeyPatch) -> Place:
    folder = tmp_path / "journal" / "objects"

    def names() -> list[str]:
        return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())

    return Place(FolderObjects(folder), names, lambda name, data: (folder / name).write_bytes(data))


def in_bucket(_tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    import obstore
    from obstore.store import S3Store

    bucket = s3.empty_bucket(monkeypatch)
    store = S3Store(bucket, prefix="team/objects", client_options={"allow_http": True})

    def names() -> list[str]:
        return sorted(one["path"] for page in obstore.list(store) for one in page)

    return Place(S3Objects(f"s3://{bucket}/team/objects"), names, lambda name, data: obstore.put(store, name, data))


@pytest.fixture(params=[in_folder, in_bucket])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    made = request.param(tmp_path, monkeypatch)
    with closing(made.objects):
        yield made


@pytest.mark.parametrize("data", [b"", b"\0\xff\r\n", "é".encode(), bytes(range(256)) * 300])
def test_a_value_comes_back_as_it_was_kept(place: Place, data: bytes) -> None:
    digest = place.objects.put(data)

    assert (digest, place.objects.get(digest)) == (sha256(data).hexdigest(), data)


def test_a_value_has_the_place_that_its_digest_says(place: Place) -> None:
    digest = place.objects.put(b"a long contract")

    assert place.names() == [f"{digest[:2]}/{digest[2:]}"]


def test_a_value_that_is_kept_twice_is_kept_once(place: Place) -> None:
    digests = {place.objects.put(b"one") for _ in range(2)}

    assert place.names() == [name_of(digest) for digest in digests]


def test_a_value_that_was_never_kept_is_not_there(place: Place) -> None:
    place.objects.check()

    assert place.objects.get(sha256(b"never").hexdigest()) is None


def test_a_value_that_was_damaged_is_an_error(place: Place) -> None:
    digest = place.objects.put(b"a long contract")
    place.overwrite(name_of(digest), b"a long c0ntract")

    with pytest.raises(GitError, match="damaged"):
        place.objects.get(digest)


def test_a_value_that_was_cut_off_is_whole_after_it_was_kept_again(place: Place) -> None:
    digest = place.objects.put(b"a long contract")
    place.overwrite(name_of(digest), b"a long")
    place.objects.put(b"a long contract")

    assert place.objects.get(digest) == b"a long contract"


def test_a_value_may_be_of_fifty_megabytes(place: Place) -> None:
    data = sha256(b"seed").digest() * (BIG // 32)

    assert place.objects.get(place.objects.put(data)) == data


def test_writers_of_one_value_at_once_keep_it_once(place: Place) -> None:
    data = b"one and the same" * 10_000
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(lambda _: place.objects.put(data), range(24)))

    assert place.names() == [name_of(digest) for digest in digests]
    assert place.objects.get(*digests) == data


@pytest.mark.parametrize("digest", ODD)
def test_what_is_no_digest_is_never_a_path(place: Place, digest: str) -> None:
    with pytest.raises(UsageError):
        place.objects.get(digest)


def test_a_closed_store_may_be_closed_again(place: Place) -> None:
    digest = place.objects.put(b"one")
    place.objects.close()

    assert place.objects.get(digest) == b"one"


# What only a folder has


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    objects, outside = FolderObjects(tmp_path / "objects"), tmp_path / "outside"
    outside.mkdir()
    digest = sha256(b"a long contract").hexdigest()
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects" / digest[:2]).symlink_to(outside)

    for call in (lambda: objects.put(b"a long contract"), lambda: objects.get(digest)):
        with pytest.raises(RefusedError):
            call()
    assert list(outside.iterdir()) == []


def test_the_file_of_an_object_is_told(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    digest = objects.put(b"a long contract")

    assert objects.path_of(digest).read_bytes() == b"a long contract"
    assert [one.name for one in tmp_path.rglob("*") if one.is_file()] == [digest[2:]]
