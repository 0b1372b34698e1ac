"""The platform's own SDK against the sandbox."""
