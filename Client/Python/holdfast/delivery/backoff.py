"""Delays before new attempts."""

from __future__ import annotations

import random

from ..options import Options


class Backoff:
    """Delays before new attempts: random between zero and a bound that doubles up to a limit ("full jitter")."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.reset()

    def reset(self) -> None:
        """Something succeeded."""
        self._bound = min(self._options.first_retry_delay, self._options.longest_retry_delay)

    def next(self) -> float:
        """The next delay in seconds."""
        delay = random.uniform(0, self._bound)
        self._bound = min(2 * self._bound, self._options.longest_retry_delay)
        return delay
