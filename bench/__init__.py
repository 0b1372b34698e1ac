"""Costs as ratios, each measured in one run against something that does not depend on us."""
