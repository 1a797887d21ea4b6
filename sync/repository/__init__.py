"""Effects on the repository: the only code that runs Git, and the one place that writes files and takes locks."""
