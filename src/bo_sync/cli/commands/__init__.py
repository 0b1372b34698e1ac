"""One module a command, by its name; each defines `command`. They are imported when they are called for."""
