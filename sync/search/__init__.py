"""Finding passages of the journal."""
