"""Communities over HTTP: the list of them, one in full, and its members."""
