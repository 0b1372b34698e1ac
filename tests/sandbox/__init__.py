"""Tests of the embedded hub."""
