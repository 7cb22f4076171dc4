"""What runs in the emulator's own process: MiniStack inside our ASGI application, and a module for each addition."""
