"""What a user can get wrong when loading."""


class InputError(ValueError):
    """Something about the input that its user can act on; the message is one sentence saying what and what to do."""
