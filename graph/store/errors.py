"""What a store refuses, and why."""


class StoreError(Exception):
    """Something about the store that its user can act on; the message says what and what to do."""


class AlreadyThereError(StoreError):
    """The batch is in the store already."""


class NotInSetError(StoreError):
    """The row to go on from is not in the published set."""


class AddressError(StoreError):
    """The address names no store that there could be."""
