"""AWS CloudFormation: what a stack's resources ask for, and get."""
