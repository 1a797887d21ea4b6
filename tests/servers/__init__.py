"""Servers for tests: real ones where they install, or those that the environment names."""
