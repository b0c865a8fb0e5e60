"""Looking again: what is on its way is no failure before it had time to arrive."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO
from itertools import count
from typing import TYPE_CHECKING, TextIO

from helper.check import Fail, Unsettled
from helper.evidence import Evidence
from helper.quantity import format_duration

if TYPE_CHECKING:
    from helper.context import Context

Look = Callable[["Context"], None]

SHARE = 1 / 3  # of what is left of the check's time
# Seconds between looks: each costs a few requests, and most rollouts end soon or late.
FIRST_S, GROWTH, LONGEST_S = 2.0, 1.5, 10.0


def settle(look: Look, context: "Context", out: TextIO) -> None:
    """Let a check look, and look again as long as all that is wrong may come right by itself.

    The first look's evidence is out at once, since a check may be killed; of the others only the
    last one's is kept.
    """
    try:
        look(context)
    except Unsettled as error:
        _look_again(look, context, out, error)


def _look_again(look: Look, context: "Context", out: TextIO, first: Unsettled) -> None:
    clock = context.deadline.clock
    started, pause_s, last, waited = clock.now(), FIRST_S, first, "0s"
    patience = context.deadline.child(context.deadline.remaining_s() * SHARE)
    for looks in count(2):
        left_s = patience.remaining_s()
        if left_s <= 0:
            break
        clock.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * GROWTH, LONGEST_S)
        waited = f"{format_duration(round(clock.now() - started))} and {looks} looks"
        with _kept(out) as draft:
            evidence = Evidence(draft)
            evidence.text(f"Looked again after {waited}", f"this may settle: {_head(first)}")
            evidence.fact(looks=looks)  # what was said of single things before is over
            try:
                look(replace(context, evidence=evidence))
            except Unsettled as error:
                last = error
                if patience.remaining_s() > 0:
                    draft.truncate(0)
                    draft.seek(0)
            else:
                evidence.result(f"settled after {waited}")
                return
    _, *rest = str(last).split("\n")
    raise Fail("\n".join([f"{_head(last)}; still so after {waited}", *rest])) from last


def _head(error: Unsettled) -> str:
    return str(error).split("\n", 1)[0]


@contextmanager
def _kept(out: TextIO) -> Iterator[StringIO]:
    """A draft that is written out at the end, whatever ends it."""
    draft = StringIO()
    try:
        yield draft
    finally:
        out.write(draft.getvalue())
        out.flush()
