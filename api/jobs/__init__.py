"""Long tasks of the service: one at a time, each in a process of its own, kept on file."""
