"""What the process says while it runs: every event by name, one line each, never a person."""
