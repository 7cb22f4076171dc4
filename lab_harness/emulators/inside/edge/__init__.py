"""Amazon CloudFront: distributions, and functions at the edge."""
