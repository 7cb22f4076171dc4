"""IAM's language: how policies are read, for the checks and for the embedded emulator alike."""
