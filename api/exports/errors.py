"""What can go wrong when something is handed over."""


class ExportError(Exception):
    """An export that cannot be made or a file that cannot be read as one; the message says why and what to do."""
