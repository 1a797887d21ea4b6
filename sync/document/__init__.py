"""Pure: entries, their front matter, records, and the projection between them. No file, clock or Git is touched."""
