"""What can go wrong when something is handed over."""


class ExportError(Exception):
    """An export that cannot be made or a file that cannot be read as one; the message says why and what to do."""


class AskedWronglyError(ExportError):
    """An export that cannot be meant so, which is the mistake of whoever asks for it."""
