"""The journal as an MCP server: its operations as tools, its entries as resources, and prompts made of both.

Source: modelcontextprotocol.io/specification. Only `server` and `transport` need the SDK, which is an extra.
"""
