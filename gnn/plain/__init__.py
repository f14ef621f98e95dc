"""A plain graph, of one kind of node and one kind of link: its tokens, and two networks that read it."""
