"""GitHub and GitLab: a plan as a comment on a pull request, or drift as an issue, written by nobody but bo-sync."""
