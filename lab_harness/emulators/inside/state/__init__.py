"""What the emulator keeps on disk: how it is saved, checked and loaded again."""
