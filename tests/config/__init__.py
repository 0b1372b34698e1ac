"""Tests of the files in git."""
