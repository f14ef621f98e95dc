"""Whether the service lives and can answer, and what its store holds."""
