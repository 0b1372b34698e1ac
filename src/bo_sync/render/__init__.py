"""Plans and reports as text: every renderer returns a str and prints nothing."""
