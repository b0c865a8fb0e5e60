import threading

from orchestrator.heartbeat import Heartbeat

WAIT_S = 20.0  # far more than it takes


def test_it_beats_until_it_is_stopped() -> None:
    beaten = threading.Semaphore(0)
    heart = Heartbeat(0.001, beaten.release)

    heart.start()
    assert beaten.acquire(timeout=WAIT_S)
    assert beaten.acquire(timeout=WAIT_S)
    heart.stop()

    assert not any(thread.name == "heartbeat" for thread in threading.enumerate())


def test_one_that_never_began_can_be_stopped() -> None:
    Heartbeat(60.0, lambda: None).stop()
