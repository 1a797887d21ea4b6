"""The shared tiers: memories and vectors in PostgreSQL. Needs the extra `postgres`; imported when a URL asks for it."""
