"""Who may call the emulator: its guard, its keys, the signatures of calls, and how it refuses."""
