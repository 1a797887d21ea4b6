"""Every back end that the contracts are tested against."""

from __future__ import annotations

from typing import Any

import pytest
from backends_postgres import POSTGRES
from backends_redis import REDIS
from backends_sqlite import SQLITE
from stores import Backend, Port

BACKENDS: dict[str, Backend] = {one.name: one for one in [*SQLITE, *POSTGRES, *REDIS]}


def params(*ports: Port) -> list[Any]:
    """The back ends of some ports, or of all, as a fixture's parameters."""
    return [
        pytest.param(one, id=one.name, marks=one.marks) for one in BACKENDS.values() if not ports or one.port in ports
    ]
