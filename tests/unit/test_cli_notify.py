"""`handrail users notify`: shows and sets what people are told; what isn't given stays."""

from tests.support.command_line import CommandLine


def test_what_is_given_is_set_and_the_rest_stays(handrail: CommandLine) -> None:
    handrail.fine("users", "add", "alice", "--link")
    given = ("--asked", "slack", "--reminded", "slack,email", "--zone", "Europe/Berlin")
    (set_,) = handrail.fine("users", "notify", "alice", *given, "--json").data
    assert (set_["person"], set_["own"], set_["zone"]) == ("alice", True, "Europe/Berlin")
    assert (set_["channels"]["asked"], set_["channels"]["reminded"]) == (["slack"], ["slack", "email"])
    more = ("--quiet", "22:00-07:00", "--quiet-days", "sunday", "--digest", "08:30", "--weekdays")
    (more_,) = handrail.fine("users", "notify", "ALICE", *more, "--digest-of", "asked", "--json").data
    assert more_["channels"] == set_["channels"]
    assert more_["quiet"] == {"starts": "22:00", "ends": "07:00", "days": ["sunday"]}
    assert more_["digest"] == {"every": "daily", "at": "08:30", "weekdays_only": True, "of": ["asked"]}
    (less,) = handrail.fine("users", "notify", "alice", "--asked", "none", "--quiet", "none", "--json").data
    assert (less["channels"]["asked"], less["quiet"]["starts"], less["quiet"]["days"]) == (
        [],
        None,
        ["sunday"],
    )
    shown = handrail.fine("users", "notify", "alice").out
    assert "reminded: slack, email" in shown
    assert "digest: daily at 08:30, Monday to Friday" in shown


def test_the_default_counts_for_all_who_have_set_nothing(handrail: CommandLine) -> None:
    handrail.fine("users", "add", "alice", "--link")
    handrail.fine("users", "notify", "--asked", "email")
    assert handrail.fine("users", "notify", "alice", "--json").data[0]["channels"]["asked"] == ["email"]
    assert "alice (the default)" in handrail.fine("users", "notify", "alice").out
    handrail.fine("users", "notify", "alice", "--asked", "slack")
    refused = handrail("users", "notify", "alice", "--default", "--asked", "telex")
    assert (refused.code, "give nothing beside it" in refused.err) == (4, True)
    assert handrail.fine("users", "notify", "alice", "--json").data[0]["channels"]["asked"] == ["slack"]
    (back,) = handrail.fine("users", "notify", "alice", "--default", "--json").data
    assert (back["own"], back["channels"]["asked"]) == (False, ["email"])


def test_the_default_may_be_the_first_thing_in_a_store(handrail: CommandLine) -> None:
    assert handrail.fine("users", "notify", "--asked", "email", "--json").data[0]["own"]


def test_what_cannot_be_meant_is_refused_and_changes_nothing(handrail: CommandLine) -> None:
    handrail.fine("users", "add", "alice", "--link")
    for given in (
        ("--zone", "Nowhere"),
        ("--zone", ""),
        ("--quiet", "22-7"),
        ("--quiet", "22:00"),
        ("--quiet-days", "someday"),
        ("--digest", "noon"),
        ("--digest-of", "reminded"),
        ("--asked", "sl:ack"),
    ):
        assert handrail("users", "notify", "alice", *given).code == 4, given
    weekly = handrail("users", "notify", "alice", "--digest", "weekly").err
    assert "off, hourly, daily" in weekly
    assert handrail("users", "notify", "nobody").code == 5
    assert handrail("users", "notify", "--default").code == 4
    assert not handrail.fine("users", "notify", "alice", "--json").data[0]["own"]


def test_the_outbox_says_for_what_a_message_waits(handrail: CommandLine) -> None:
    handrail.fine("users", "add", "alice", "--link")
    handrail.fine("users", "notify", "alice", "--asked", "slack", "--digest", "hourly")
    handrail.ask(policy_audience=["alice"])
    assert "digest" in handrail.fine("outbox").out
    (message,) = handrail.fine("outbox", "--json").data
    assert (message["recipient"], message["news"], message["waits"]) == ("@alice", "asked", "digest")
