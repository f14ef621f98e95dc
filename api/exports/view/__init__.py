"""How a portion of the network is drawn: encodings, layout, and the page that shows it."""
