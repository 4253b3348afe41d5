"""What somebody sends who says what people wish to be told of, by which channels, and when."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from handrail.web.api.bodies import Body

ChannelWords = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=50)]], Field(max_length=20)
]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Gathered = Literal["asked", "open", "commented", "ended"]


class NewsBody(Body):
    """By which channels each kind of news is told; an empty list doesn't tell it."""

    asked: ChannelWords = Field(default=[], description="something asks them")
    open: ChannelWords = Field(default=[], description="something asks everybody")
    reminded: ChannelWords = Field(default=[], description="reminders and escalations")
    commented: ChannelWords = Field(default=[], description="comments on what asks them")
    ended: ChannelWords = Field(
        default=[], description="what they were asked and didn't decide, or have started, has ended"
    )


class QuietBody(Body):
    """When nobody calls them, by the clock of their zone."""

    starts: ClockTime | None = Field(default=None, examples=["22:00"])
    ends: ClockTime | None = Field(default=None, examples=["07:00"])
    days: list[Day] = Field(default=[], max_length=7, description="days that are quiet as a whole")


class DigestBody(Body):
    """What comes as one list, and when."""

    every: Literal["off", "hourly", "daily"] = "off"
    at: ClockTime = Field(default="08:00", description="when of a day, by the clock of their zone")
    weekdays_only: bool = Field(default=False, description="none on Saturdays and Sundays")
    of: list[Gathered] = Field(
        default=["asked", "open", "commented", "ended"],
        max_length=4,
        description="what comes in it; reminders and escalations never do",
    )


class NotificationsBody(Body):
    """What somebody wishes to hear; what isn't given is off."""

    channels: NewsBody = Field(default_factory=NewsBody)
    zone: Annotated[str, StringConstraints(min_length=1, max_length=100)] = Field(
        default="UTC", description="IANA name of their time zone", examples=["Europe/Berlin"]
    )
    quiet: QuietBody = Field(default_factory=QuietBody)
    digest: DigestBody = Field(default_factory=DigestBody)

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "channels": {"asked": ["slack"], "reminded": ["slack", "email"]},
                    "zone": "Europe/Berlin",
                    "quiet": {"starts": "22:00", "ends": "07:00", "days": ["sunday"]},
                    "digest": {"every": "daily", "at": "08:00", "weekdays_only": True},
                }
            ]
        },
    )
