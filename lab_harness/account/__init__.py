"""What the account holds: how it is deleted, what changed in it, and what became of a request."""
