"""Moments as numbers, as tiers hold them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(found: int) -> datetime:
    """The moment of some microseconds since 1970, UTC."""
    return _EPOCH + timedelta(microseconds=found)
