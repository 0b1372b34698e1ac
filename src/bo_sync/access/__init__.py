"""What grants mean: menu items, operations, questions about them, findings and policies. Pure, on top of the core."""
