"""Linters of others over the pipelines."""
