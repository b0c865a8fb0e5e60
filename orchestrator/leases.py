"""Locks between runs: one Lease a lock in the run namespace, held by one run at a time."""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from helper import contract
from helper.deadline import SYSTEM_CLOCK, Clock
from helper.errors import Conflict, KubeError, NotFound
from helper.kinds import LEASES
from helper.kube import Kube
from helper.resource import Json, labels, number, part, text
from orchestrator.manifests import run_labels
from orchestrator.stop import Stop

DURATION_S = 30
RENEW_S = 10.0  # two renewals may get lost
RETRY_S = 2.0
PATIENCE_S = 60.0  # with an API server that restarts
HASTY_S = 5.0  # a renewal must not keep those of other locks waiting
# A lock that nobody else wants: it shows that a waiting run lives.
WAITING = "waiting-"


@dataclass(frozen=True)
class Holder:
    """The run that holds a lock."""

    lock: str
    run_id: str
    since: str  # as the Lease says it
    lease: str

    def __str__(self) -> str:
        return f"lock {self.lock} is held by run {self.run_id or 'unknown'} since {self.since}"


class Blocked(Exception):
    """A lock is held by another run, and waiting was not asked for."""

    def __init__(self, holder: Holder, namespace: str) -> None:
        super().__init__(
            f"{holder}; leave out --no-wait to wait for it, or end that run "
            f"(lease {holder.lease} in {namespace})"
        )


class Stopped(Exception):
    """The run was stopped while it waited for a lock."""


class Leases:
    """The locks that one run holds; a thread of its own renews them while there are any.

    Names of locks are taken in alphabetical order, by every check of every run: so no two can
    wait for each other.
    """

    def __init__(
        self,
        kube: Kube,
        namespace: str,
        run_id: str,
        stop: Stop,
        *,
        wait: bool = True,
        extra_s: Callable[[], float] = lambda: 0.0,
        warn: Callable[[str], None] = lambda _: None,
        clock: Clock = SYSTEM_CLOCK,
        pause: Callable[[float], None] | None = None,
    ) -> None:
        """`warn` hears of locks that may be lost; `pause` waits for a while, or for a stop.

        `extra_s` is waited for a lock beyond the usual, asked anew each time.
        """
        self._kube = kube.patient(PATIENCE_S, lambda: bool(stop), extra_s)
        self._hasty = kube.patient(HASTY_S, lambda: stop.hurry)
        self._namespace = namespace
        self._run_id = run_id
        self._stop = stop
        self._wait = wait
        self._warn = warn
        self._clock = clock
        self._pause = pause or stop.pause
        self._held: dict[str, Json] = {}  # by lock, the Lease as we last wrote it
        self._lost: set[str] = set()  # taken from us while we held them
        self._touched: set[str] = set()  # whose Lease may be ours, until we saw it deleted
        self._guard = threading.Lock()  # of the held ones, and of writing them
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def acquire(
        self,
        locks: Iterable[str],
        waiting: Callable[[Holder], None] = lambda _: None,
        stop: Stop | None = None,
    ) -> None:
        """Take all locks or none; `waiting` hears once of each holder that is waited for.

        `stop` ends the wait; by default the run's. Raises Blocked, Stopped, or a KubeError when
        nothing can be told about a lock.
        """
        taken: list[str] = []
        stop = self._stop if stop is None else stop
        try:
            for lock in sorted(set(locks)):
                self._take(lock, waiting, stop)
                taken.append(lock)
        except BaseException as error:
            self.release(taken)
            ended = stop or self._stop
            if ended and isinstance(error, KubeError):  # it was not asked for again for that
                raise Stopped(ended.reason) from error
            raise

    def release(self, locks: Iterable[str]) -> None:
        """Give locks back; one that cannot be given back is free when its Lease expires."""
        for lock in locks:
            with self._guard:
                lease = self._held.pop(lock, None)
            if lease is None:
                continue
            try:
                self._delete(lock, lease)
            except KubeError as error:
                self._warn(f"lock {lock} stays taken for {DURATION_S} s: {error}")

    def left(self) -> list[str]:
        """Give back what is ours of all that was ever taken; names the Leases that stay.

        Raises KubeError when it cannot be told what is there.
        """
        for lock in sorted(self._touched):
            found = self._own(lock)
            if found:
                with suppress(KubeError):  # looked at once more
                    self._delete(lock, found)
        stay = [lock for lock in sorted(self._touched) if self._own(lock)]
        return [f"{LEASES.title} {self._namespace}/{lease_name(lock)}" for lock in stay]

    def _own(self, lock: str) -> Json | None:
        """The Lease of a lock, if it is ours."""
        found = self._hasty.find(LEASES, lease_name(lock), self._namespace)
        return found if found and text(found, "spec", "holderIdentity") == self._run_id else None

    def _delete(self, lock: str, lease: Json) -> None:
        """Delete a Lease only as it is here: another run may have taken it over meanwhile."""
        name, where = lease_name(lock), self._namespace
        uid, version = (text(lease, "metadata", key) for key in ("uid", "resourceVersion"))
        if self._hasty.delete(LEASES, name, where, uid=uid, version=version):
            self._touched.discard(lock)

    def close(self) -> None:
        """Give back whatever is still held, and end the renewal."""
        self._closed.set()
        if self._thread:
            self._thread.join(HASTY_S)
        self.release(list(self._held))

    def renew(self) -> None:
        """Renew every Lease that is held; the thread does this every RENEW_S."""
        for lock in list(self._held):
            with self._guard:
                lease = self._held.get(lock)
                if lease is None:
                    continue
                try:
                    self._held[lock] = self._hasty.update(
                        LEASES, self._ours(lock, lease), self._namespace
                    )
                except (Conflict, NotFound):
                    self._reclaim(lock)
                except KubeError as error:
                    self._warn(f"lock {lock} could not be renewed, it may be lost: {error}")

    def lost(self, locks: Iterable[str]) -> list[str]:
        """Renew all, then name those among these that another run may have had."""
        self.renew()
        with self._guard:
            return sorted(self._lost.intersection(locks))

    def _reclaim(self, lock: str) -> None:
        """Find out who holds a lock that changed under us: we, by a lost answer, or another."""
        try:
            found = self._hasty.find(LEASES, lease_name(lock), self._namespace)
        except KubeError:
            return  # the next renewal asks again
        if found and text(found, "spec", "holderIdentity") == self._run_id:
            self._held[lock] = found
            return
        del self._held[lock]
        if lock == WAITING + self._run_id:
            return
        self._lost.add(lock)
        holder = _holder(lock, found) if found else "its Lease was deleted"
        self._warn(f"lock {lock} is lost, two checks may now disturb each other: {holder}")

    def _take(self, lock: str, waiting: Callable[[Holder], None], stop: Stop) -> None:
        """Take one lock, as soon as its holder gave it back or has not renewed it for long."""
        told: Holder | None = None
        seen_version, seen_at, is_renewed = "", 0.0, False
        while True:
            if stop:
                raise Stopped(stop.reason)
            found = self._kube.find(LEASES, lease_name(lock), self._namespace)
            if found is None or text(found, "spec", "holderIdentity") in ("", self._run_id):
                if self._write(lock, found):
                    return
                continue
            now, version = self._clock.now(), text(found, "metadata", "resourceVersion")
            if version != seen_version:
                # Only what we saw change says that the holder lives; clocks may differ.
                is_renewed = bool(seen_version)
                seen_version, seen_at = version, now
            elif now - seen_at >= _duration_s(found) and self._write(lock, found):
                return
            holder = _holder(lock, found)
            if not self._wait and (is_renewed or not self._looks_abandoned(found)):
                raise Blocked(holder, self._namespace)
            if holder != told:
                told = holder
                waiting(holder)
                self._be_seen()
            self._pause(RETRY_S)

    def _be_seen(self) -> None:
        """Hold a Lease from now on that others can see: a run that waits has nothing else."""
        own = WAITING + self._run_id
        if own in self._held:
            return
        try:
            self._write(own, self._kube.find(LEASES, lease_name(own), self._namespace))
        except KubeError as error:
            told = "gc on another machine may take it for dead"
            self._warn(f"others cannot see that this run is waiting: {error}; {told}")

    def _looks_abandoned(self, lease: Json) -> bool:
        """Whether it is worth while to watch a Lease expire, if our clocks agree at all."""
        try:
            renewed = datetime.fromisoformat(text(lease, "spec", "renewTime")).timestamp()
        except ValueError:
            return True
        return self._clock.wall() - renewed > _duration_s(lease)

    def _write(self, lock: str, found: Json | None) -> bool:
        """Make a Lease ours if it still is as we found it."""
        body = self._ours(lock, found)
        self._touched.add(lock)
        try:
            if found:
                made = self._kube.update(LEASES, body, self._namespace)
            else:
                made = self._kube.create(LEASES, body, self._namespace)
        except (Conflict, NotFound):
            return False
        # After a lost answer `create` gives what is there, whoever made it.
        if text(made, "spec", "holderIdentity") != self._run_id:
            return False
        with self._guard:
            self._held[lock] = made
            self._lost.discard(lock)
        self._start()
        return True

    def _ours(self, lock: str, found: Json | None) -> Json:
        """The Lease as it shall be, of the version that was found."""
        spec, now = part(found, "spec"), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
        renewal = spec.get("holderIdentity") == self._run_id
        transitions = number(spec, "leaseTransitions") or 0
        metadata = {**part(found, "metadata"), "name": lease_name(lock)}
        metadata["labels"] = {**labels(found or {}), **run_labels(self._run_id)}
        return {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": metadata,
            "spec": {
                "holderIdentity": self._run_id,
                "leaseDurationSeconds": DURATION_S,
                "acquireTime": text(spec, "acquireTime") if renewal else now,
                "renewTime": now,
                "leaseTransitions": transitions + int(bool(found) and not renewal),
            },
        }

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._closed.wait(RENEW_S):
            self.renew()


def lease_name(lock: str) -> str:
    """The name of a lock's Lease."""
    return f"{contract.OBJECT_PREFIX}lock-{lock}"


def _holder(lock: str, lease: Json) -> Holder:
    spec = part(lease, "spec")
    since = text(spec, "acquireTime") or "an unknown time"
    return Holder(lock, text(spec, "holderIdentity"), since, lease_name(lock))


def _duration_s(lease: Json) -> float:
    return float(number(lease, "spec", "leaseDurationSeconds") or DURATION_S)
