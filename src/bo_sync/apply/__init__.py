"""Making a plan from the files and a hub, and running it: planner, executor, writes, confirmation, pull."""
