"""Make a plan from the files and a hub, and apply it: planner, executor, writes, confirmation, pull."""
