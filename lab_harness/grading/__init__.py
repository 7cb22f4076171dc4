"""Grades a class: each submission runs in its own sandbox, and the checks look at it from outside."""
