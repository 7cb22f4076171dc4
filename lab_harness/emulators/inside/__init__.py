"""What runs in the emulator's own process: MiniStack inside an ASGI application of ours, an addition a module."""
