"""Amazon Cognito: user pools, their logins and their functions."""
