"""What the emulator notes of what happens in it, for those who look."""
