"""What people and other systems talk to: the command line and its settings."""
