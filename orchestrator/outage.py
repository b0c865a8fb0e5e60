"""How long an API server has been away, who is told, and when that is long enough."""

import threading
from collections.abc import Callable

from helper.deadline import SYSTEM_CLOCK, Clock
from helper.errors import KubeError
from helper.quantity import format_duration

NOTICED_S = 5.0  # shorter ones, such as a change of the leader, are nobody's concern
STOPPED_S = 10.0  # who ended a run is not kept waiting for a server that is away


class Outage:
    """Hears of every request of the watches; `end` is told once when none works for too long.

    `tell` is told of an outage that lasts, and of its end.
    """

    def __init__(
        self,
        limit_s: float,
        end: Callable[[str], None],
        tell: Callable[[str], None] = lambda _: None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._limit_s = limit_s
        self._end = end
        self._tell = tell
        self._clock = clock
        self._since: float | None = None
        self._is_noticed = False
        self._is_ended = False
        self._lock = threading.Lock()

    @property
    def goes_on(self) -> bool:
        """Whether no request of the watches has worked since one failed."""
        return self._since is not None

    @property
    def is_hopeless_for_the_stopped(self) -> bool:
        """Whether a run that shall end need not ask the server again and again."""
        since = self._since
        return since is not None and self._clock.now() - since >= STOPPED_S

    def answered(self) -> None:
        """Note that the server is there."""
        with self._lock:
            since, self._since = self._since, None
            was_noticed, self._is_noticed = self._is_noticed, False
        if was_noticed and since is not None:
            away = format_duration(round(self._clock.now() - since))
            self._tell(f"the cluster answers again, after {away}")

    def failed(self, error: KubeError) -> None:
        """Note that it is not, or gives no usable answer."""
        with self._lock:
            now = self._clock.now()
            self._since = now if self._since is None else self._since
            away_s = now - self._since
            is_news = away_s >= NOTICED_S and not self._is_noticed
            self._is_noticed = self._is_noticed or is_news
            is_over = away_s >= self._limit_s and not self._is_ended
            self._is_ended = self._is_ended or is_over
        limit = format_duration(self._limit_s)
        if is_over:
            self._end(f"the cluster has given no usable answer for {limit}: {error}")
        elif is_news:
            away = format_duration(round(away_s))
            self._tell(
                f"the cluster has given no usable answer for {away}, the run waits for it up to "
                f"{limit}: {error}"
            )
