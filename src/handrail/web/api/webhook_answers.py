"""What operations on webhooks answer, as the OpenAPI document tells it."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from handrail.web.api.answers import Answer


class Webhook(Answer):
    """Somewhere to tell what happens, without its secret."""

    id: str = Field(examples=["wh_1"])
    url: str = Field(examples=["https://hooks.example.com/handrail"])
    description: str
    kinds: list[str] = Field(
        description="what it wants to hear of; empty for everything", examples=[["opened", "decided"]]
    )
    flow: str | None = Field(description="only of this flow")
    content: bool = Field(description="whether it is told what was shown and answered")
    active: bool
    stopped_because: str | None = Field(
        description="why it isn't active", examples=["answered with 410: gone"]
    )
    pending: int = Field(description="deliveries that are still to be made; at most ten thousand are counted")
    failed: int = Field(description="deliveries that were given up; at most ten thousand are counted")
    trouble: str | None = Field(
        description="what is wrong with a delivery that was tried and waits",
        examples=["it was answered with 500"],
    )
    secret_version: int
    rotated_at: datetime | None
    created_at: datetime
    created_by: str


class NewWebhook(Webhook):
    """A webhook, with its secret: this is the only time that it is shown."""

    secret: str = Field(examples=["whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw"])


class Webhooks(Answer):
    """Webhooks, the oldest first."""

    items: list[Webhook]


class Delivery(Answer):
    """One event for one webhook."""

    sequence: int = Field(description="of the event in the log", examples=[41])
    event_id: str = Field(description="its `webhook-id`, the same in every attempt", examples=["evt_7d1f"])
    kind: str = Field(examples=["decided"])
    subject: str | None = Field(description="the request or run that it is about", examples=["req_1"])
    state: Literal["pending", "delivered", "failed"]
    attempts: int
    stored_at: datetime
    due_at: datetime | None = Field(
        description="when it is tried next; null while it waits for an earlier one of its subject"
    )
    done_at: datetime | None
    status: int | None = Field(description="what the last attempt was answered with", examples=[204])
    error: str | None = Field(description="what went wrong last", examples=["it was answered with 500"])


class DeliveryPage(Answer):
    """A page of deliveries, the newest first."""

    items: list[Delivery]
    next: int | None = Field(description="`before` of the page that follows; null at the end")


class Inbound(Answer):
    """A secret by which a program signs its calls, without the secret itself."""

    id: str = Field(examples=["in_1"])
    person: str = Field(description="the service account that it acts as", examples=["robot"])
    label: str
    secret_version: int
    created_at: datetime
    created_by: str
    rotated_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


class NewInbound(Inbound):
    """An inbound webhook, with its secret: this is the only time that it is shown."""

    secret: str = Field(examples=["whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw"])


class Inbounds(Answer):
    """Who may call in, the newest first; what was revoked stays in the list."""

    items: list[Inbound]
