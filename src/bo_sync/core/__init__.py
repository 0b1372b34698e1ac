"""The model and its laws, pure: standard library only; no clock, file, network, environment, logging or colour."""
