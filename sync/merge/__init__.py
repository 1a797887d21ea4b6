"""Three-way merges, pure: of lines, of values, of bodies, of whole entries. Every merge returns its decisions."""
