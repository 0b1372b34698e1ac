"""What a grant means: menu items, operations, questions about them, findings and policies; pure, over the core."""
