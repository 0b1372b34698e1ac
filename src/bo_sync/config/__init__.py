"""The files in git: read with positions, checked, and written back."""
