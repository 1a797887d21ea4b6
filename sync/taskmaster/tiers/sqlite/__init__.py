"""The tiers in files of SQLite: nothing to install, nothing to run."""
