"""The files in a real editor's language server."""
