"""Where one submission runs and is judged: its processes, their walls, and what they may use."""
