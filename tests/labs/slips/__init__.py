"""Slips that learners make, lab by lab, each with words of what the check then says: see `slip`."""
