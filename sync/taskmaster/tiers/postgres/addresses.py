"""How a server is reached: the driver, time limits, and what a session is set to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from sync.errors import SettingsError

_DRIVER = "postgresql+psycopg"
_CONNECT_S, _LEAST_S = 3, 2  # libpq takes 1 for 2


def address_of(url: str) -> URL:
    """The URL for SQLAlchemy. Printed, it hides a password.

    Raises:
        SettingsError: it is none of PostgreSQL.
    """
    hint = "postgresql://user@host:port/database"
    try:
        found = make_url(url)
    except ArgumentError as error:
        raise SettingsError("the URL of the database cannot be read", hint=hint) from error
    if found.drivername not in {"postgresql", "postgres", _DRIVER}:
        raise SettingsError(f"{found.drivername!r} is no database that memories can be kept in", hint=hint)
    return found.set(drivername=_DRIVER)


def arguments_of(url: str, limit_s: float) -> dict[str, Any]:
    """What a connection is made with: nothing may take longer than a limit, on either side of the wire."""
    milliseconds = max(int(limit_s * 1000), 1)
    settings = {
        "timezone": "UTC",
        "statement_timeout": milliseconds,
        "lock_timeout": milliseconds,
        "idle_in_transaction_session_timeout": 2 * milliseconds,
        "jit": "off",
        "plan_cache_mode": "force_generic_plan",  # to plan a search again takes longer than to carry it out
    }
    own = make_url(url).query.get("options", "")
    options = " ".join(
        [*([own] if isinstance(own, str) else own), *(f"-c {name}={to}" for name, to in settings.items())]
    )
    return {
        "options": options.strip(),
        "connect_timeout": min(max(int(limit_s / 2), _LEAST_S), _CONNECT_S),
        "application_name": "journal",
        "keepalives": 1,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": milliseconds,
    }
