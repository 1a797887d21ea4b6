"""The short-term tier on a Redis server."""
