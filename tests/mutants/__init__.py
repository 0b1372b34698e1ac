"""Mutation testing of the modules that keep people from harm; `make mutants` runs it."""
