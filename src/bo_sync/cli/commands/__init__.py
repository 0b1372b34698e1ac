"""One module per command, by its name; each defines `command`, and is imported only to run it."""
