"""Where the entry of a memory lies: keys and contexts are text, and never a path. Pure."""

from __future__ import annotations

from hashlib import sha256

from sync.document.naming import slugify
from sync.taskmaster.context import tenant_of
from sync.taskmaster.memory import MemoryId

FOLDER = "memories"
"""Below the entries folder."""
_SHORT, _LONG = 8, 32  # digits of the hash
_COMMON = "global"


def stem_of(id_: MemoryId, *, long: bool = False) -> str:
    """The entry's path below the entries folder, without its ending: the tenant's words, the key's, and a hash.

    Args:
        id_: the memory's.
        long: with more of the hash, where another memory's entry has the short name.
    """
    digest = sha256(f"{id_.context}\0{id_.key}".encode("utf-8", "surrogatepass")).hexdigest()
    tenant = tenant_of(id_.context)
    folder = slugify(tenant.partition(":")[2]) if tenant else _COMMON
    return f"{FOLDER}/{folder}/{slugify(id_.key)}-{digest[: _LONG if long else _SHORT]}"


def path_of(folder: str, id_: MemoryId, *, long: bool = False) -> str:
    """The entry's path.

    Args:
        folder: the entries folder, POSIX, relative to the repository.
        id_, long: see `stem_of`.
    """
    return f"{folder}/{stem_of(id_, long=long)}.md"
