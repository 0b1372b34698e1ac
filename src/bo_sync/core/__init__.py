"""The model and its rules. Pure: standard library only; no clock, file, network, environment, logging or colour."""
