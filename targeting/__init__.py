"""From signals to a decision aid: profiles, the score and its reasons, evaluation, the queue."""


class TargetingError(Exception):
    """Something about training, scoring or evaluation that its user can act on; its message says what to do."""
