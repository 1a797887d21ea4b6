"""Objects in a bucket of Amazon S3, or of a server that speaks its protocol, such as MinIO.

Credentials, region and endpoint come from the environment alone: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION,
AWS_ENDPOINT_URL and what else the AWS SDKs read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sync.errors import SettingsError, UsageError
from sync.taskmaster.tiers.objects.digests import checked, digest_of, name_of
from sync.taskmaster.tiers.protocol import TierDownError

if TYPE_CHECKING:
    from obstore.store import S3Store

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_SKIP_SIGNATURE",
)  # fmt: skip
"""One of them is set where there are credentials; else a machine's metadata service would be asked, which may hang."""
_SET_THEM = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to what may read and write the bucket"
_MEGABYTE = 1 << 20
_TOLD = 300


class S3Objects:
    """Objects below a prefix of a bucket; an `Objects`.

    Args:
        url: `s3://bucket/prefix`; the prefix may be empty.
        timeout_s: a call fails after so many seconds, and one more for every megabyte that it carries.

    Raises:
        SettingsError: the URL is none, or the environment says something that it cannot.
        UsageError: the client is not installed.
    """

    def __init__(self, url: str, *, timeout_s: float = 10.0) -> None:
        self._bucket, self._prefix = checked_url(url)
        self._where = f"s3://{self._bucket}"
        self._timeout_s = timeout_s
        self._store_for = lru_cache(maxsize=16)(self._open)
        self._store(0)

    def put(self, data: bytes) -> str:
        """See `Objects.put`. An object that is there, but not of this size, is replaced."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, NotSupportedError

        digest = digest_of(data)
        store, name = self._store(len(data)), name_of(digest)
        with self._asking():
            try:
                obstore.put(store, name, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                if obstore.head(store, name)["size"] != len(data):
                    obstore.put(store, name, data, use_multipart=False)
            except NotSupportedError:  # a server without conditional writes: what is written is the same anyway
                obstore.put(store, name, data, use_multipart=False)
        return digest

    def get(self, digest: str) -> bytes | None:
        """See `Objects.get`."""
        import obstore

        name = name_of(digest)
        with self._asking():
            try:
                found = obstore.get(self._store(0), name)
                if found.meta["size"] > _MEGABYTE:  # it takes longer than the time that was set before it was known
                    found = obstore.get(self._store(found.meta["size"]), name)
                data = bytes(found.bytes())
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise
                return None
        return checked(data, digest, f"{self._where}/{self._prefix}{name}")

    def check(self) -> None:
        """See `Objects.check`."""
        self.get(digest_of(b""))

    def close(self) -> None:
        """See `Objects.close`."""
        self._store_for.cache_clear()

    def _store(self, size: int) -> S3Store:
        """The bucket, with time for so many bytes: a power of two of megabytes, so that there are few of them."""
        megabytes = size // _MEGABYTE
        return self._store_for(1 << megabytes.bit_length() if megabytes else 0)

    def _open(self, more_s: int) -> S3Store:
        try:
            from obstore.exceptions import BaseError
            from obstore.store import S3Store
        except ModuleNotFoundError as error:
            raise UsageError("obstore is not installed", hint='pip install "journal-sync[s3]"') from error
        half = timedelta(seconds=self._timeout_s / 2)
        is_plain = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).scheme == "http"
        try:
            return S3Store(
                self._bucket,
                prefix=self._prefix or None,
                client_options={
                    "timeout": half + timedelta(seconds=more_s), "connect_timeout": half, "allow_http": is_plain,
                },
                retry_config={
                    "max_retries": 2, "retry_timeout": half, "backoff": {"init_backoff": timedelta(milliseconds=50)},
                },
            )  # fmt: skip
        except (BaseError, ValueError) as error:
            raise SettingsError(f"{self._where} cannot be used: {_told(error)}", hint="check AWS_*") from error

    @contextmanager
    def _asking(self) -> Iterator[None]:
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        if not any(os.environ.get(name) for name in _CREDENTIALS):
            raise TierDownError(f"there are no credentials for {self._where}", hint=_SET_THEM)
        try:
            yield
        except FileNotFoundError as error:
            raise UsageError(f"the bucket {self._bucket} is not there", hint="make it, or correct its name") from error
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise TierDownError(f"{self._where} refuses: {_told(error)}", hint=_SET_THEM) from error
        except (BaseError, OSError) as error:
            hint = "check AWS_ENDPOINT_URL; it is used again as soon as it answers"
            raise TierDownError(f"{self._where} does not answer: {_told(error)}", hint=hint) from error


def checked_url(url: str) -> tuple[str, str]:
    """Bucket and prefix of a URL; the prefix ends with a slash, or is empty.

    Raises:
        SettingsError: it names no bucket.
    """
    parts = urlsplit(url)
    names = [name for name in parts.path.split("/") if name]
    if parts.scheme != "s3" or parts.query or not _BUCKET.fullmatch(parts.netloc) or {".", ".."} & set(names):
        raise SettingsError(f"{url.rpartition('@')[2][:80]!r} is no bucket", hint="write s3://bucket/prefix")
    return parts.netloc, "".join(f"{name}/" for name in names)


def _told(error: Exception) -> str:
    return " ".join(str(error).split("Debug source")[0].split())[:_TOLD]
