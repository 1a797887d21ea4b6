"""Pure: entries, their front matter, records, and the projection between them. No clock, no Git, no file."""
