"""Tests of what is written to forges, against doubles of GitHub and GitLab on this machine."""
