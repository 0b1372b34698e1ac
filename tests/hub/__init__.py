"""Tests of the hub's client: against scripted servers on this machine, and against the sandbox."""
