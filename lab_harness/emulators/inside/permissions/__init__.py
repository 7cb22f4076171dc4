"""Who may do what: IAM's policies, and what decides by them."""
