"""A page on this machine, on which the teacher reads a class's work, and comments and marks it."""
