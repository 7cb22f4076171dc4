"""What is handed in: what `lab submit` writes, and how `lab grade` reads it."""
