"""What a class handed in, read: whose it is, and what of it is graded."""
