"""One module per format in which an assistant keeps memories: bytes in, records out, and back. No file is opened."""
