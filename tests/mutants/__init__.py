"""Mutation testing of the modules that keep users from harm; `make mutants` runs it."""
