"""What all nouns of the service share: problems, limits, the guard, rights, pages, the store that is asked."""
