"""What the files that `init` writes promise."""
