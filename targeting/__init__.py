"""From signals to a decision aid: profiles, the score and its reasons, evaluation, the queue."""
