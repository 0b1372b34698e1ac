"""What grants mean: facts, questions, findings and policies."""
