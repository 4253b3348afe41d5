"""The scripted stand-in really works on its input, and says what it can't do."""

import pytest

from handrail.cli.stand_in import SIGNATURE, draft, revise, write
from handrail.flows.feedback import REVISION_PROMPT

TEXT = draft("Write a blog post about careful deploys.")


def test_a_draft_is_about_its_topic_and_says_who_wrote_it() -> None:
    assert TEXT.startswith("# Careful deploys\n")
    assert TEXT.endswith(SIGNATURE)
    assert draft("bees").startswith("# Bees\n")
    assert draft("   ").startswith("# ")


@pytest.mark.parametrize(
    ("feedback", "appears"),
    [
        ("Change the title to 'Ship slowly'", "# Ship slowly\n"),
        ('Title: "Ship"', "# Ship\n"),
        ("please call it Ship calmly", "# Ship calmly\n"),
        ("mention rollbacks", "mention rollbacks"),
        ("Add a paragraph about feature flags.", "feature flags"),
        ("replace careful deploys with calm deploys", "# calm deploys"),
        ("use 'small talk' instead of 'headline'", "into a small talk"),
        ("make it longer", "An example makes this concrete"),
        ("as a bullet list", "\n- First, "),
        ("Sound more like a pirate", "“Sound more like a pirate”. A script can't judge"),
    ],
)
def test_feedback_shows_in_the_revision(feedback: str, appears: str) -> None:
    assert appears not in TEXT
    assert appears in revise(TEXT, feedback)


def test_shorter_is_shorter_each_time() -> None:
    once = revise(TEXT, "shorter!")
    assert len(revise(once, "even shorter")) < len(once) < len(TEXT)
    assert once.startswith("# Careful deploys\n")


def test_removing_removes() -> None:
    assert "headline" not in revise(TEXT, "remove the sentence about a headline")
    assert "look at what they changed" not in revise(TEXT, "drop the last paragraph")


def test_several_wishes_at_once() -> None:
    found = revise(TEXT, "Make it shorter, mention rollbacks and call it 'Ship slowly'. Also dance")
    assert found.startswith("# Ship slowly\n")
    assert "mention rollbacks" in found
    assert "to live with the result" not in found
    assert "Also dance" in found
    assert found.count(SIGNATURE) == 1


def test_a_revision_is_recognised_by_its_prompt() -> None:
    prompt = REVISION_PROMPT.format(original=TEXT, feedback="call it Anew\nmention bees")
    found = write([{"role": "user", "content": prompt}])
    assert found == revise(TEXT, "call it Anew\nmention bees")
    assert write([{"role": "user", "content": "bees"}]) == draft("bees")
