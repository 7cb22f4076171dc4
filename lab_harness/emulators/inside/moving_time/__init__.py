"""The emulator's time, and how it is moved."""
