"""bo-sync: the backoffice users and role grants of a Propeller Commerce Hub, kept in git."""

__version__ = "0.1.0"
