from orchestrator.ending import Herald


def test_what_is_said_is_told_in_order_before_the_end() -> None:
    told: list[str] = []

    with Herald(told.append) as ending:
        ending.say("one")
        ending.say("two")

    assert told == ["one", "two"]
