"""The commands, a module for each noun; they import what they need when they run, so that each starts fast."""
