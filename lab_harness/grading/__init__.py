"""Grades a class: each submission in a sandbox of its own, judged from outside."""
