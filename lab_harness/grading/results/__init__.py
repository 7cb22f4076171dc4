"""What comes of grading: the gradebook, the pages, and what other programs read."""
