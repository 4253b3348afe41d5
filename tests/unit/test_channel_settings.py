"""Which channels an app has: those it is given, or those that are named and found by their entry points."""

from pathlib import Path

import pytest

from handrail import App, InvalidInput
from handrail.inbox.channel import Channel
from handrail.settings import channels

CODE = """
import os
from handrail import InvalidInput
from handrail.inbox.channel import Channel


class Pager(Channel):
    def __init__(self):
        if "PAGER_TOKEN" not in os.environ:
            raise InvalidInput("the channel 'pager' needs PAGER_TOKEN in the environment")
"""
ENTRIES = """
[handrail.channels]
pager = pager_of_ours:Pager
lazy = lacking_package:Lazy
gone = pager_of_ours:Gone
"""


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package with a channel, one that needs a package which isn't there, and one that is nowhere."""
    (tmp_path / "pager_of_ours.py").write_text(CODE)
    (tmp_path / "lacking_package.py").write_text("import there_is_no_such_package\n")
    metadata = tmp_path / "pager_of_ours-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: pager-of-ours\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRIES)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("HANDRAIL_CHANNELS", raising=False)
    monkeypatch.setenv("PAGER_TOKEN", "secret")


def test_a_channel_is_found_by_its_name() -> None:
    for app in (App(channels=["pager"]), App(channels="pager")):
        (made,) = app.channels.values()
        assert list(app.channels) == ["pager"]
        assert type(made).__name__ == "Pager"


@pytest.mark.parametrize(("said", "found"), [("pager", ["pager"]), (" pager , ,", ["pager"]), ("", [])])
def test_the_environment_names_them_where_the_code_doesnt(
    said: str, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDRAIL_CHANNELS", said)
    assert list(App().channels) == found
    own = Channel()
    assert App(channels={"mine": own}).channels == {"mine": own}
    assert App(channels=[]).channels == {}


def test_what_is_not_installed_is_refused_and_what_is_is_said() -> None:
    with pytest.raises(InvalidInput, match=r"no channel 'pgaer'; installed are: .*pager"):
        channels(["pager", "pgaer"])


def test_a_channel_that_lacks_a_package_says_how_to_get_it() -> None:
    with pytest.raises(
        InvalidInput, match=r"'lazy' needs further packages: .*there_is_no_such_package.*pip install"
    ):
        channels(["lazy"])


def test_a_channel_that_lacks_a_setting_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAGER_TOKEN")
    with pytest.raises(InvalidInput, match="needs PAGER_TOKEN"):
        channels(["pager"])


def test_an_entry_point_that_leads_nowhere_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"'gone' .*pager_of_ours:Gone"):
        channels(["gone"])
