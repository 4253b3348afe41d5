"""What is measured of what is told: messages of channels, and calls of webhooks, for Prometheus.

A webhook is called by its id, never by its URL, which may be a secret. Only those that are switched on have series of
their own, and of these there may be a hundred; channels that the server doesn't carry have so many as flows.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from handrail.inbox.delivered import RESULTS as CARRIED
from handrail.inbox.delivered import Tries
from handrail.runs.measures import Measures
from handrail.web.api.exposition import FLOWS, Sample, family
from handrail.webhooks.desk import Told
from handrail.webhooks.sending import RESULTS as CALLED

OTHERS = "(others)"


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What this server has delivered and leaves alone.

    Args:
        carried: tries by channel and result, since it began.
        called: the same of webhooks, by their ids.
        resting: the channels that it carries, and whether it leaves each alone.
        webhooks_resting: the webhooks that it leaves alone.
    """

    carried: Tries
    called: Tries
    resting: Mapping[str, bool]
    webhooks_resting: Collection[str]


def of_deliveries(found: Measures, told: Told, here: Deliveries) -> Iterator[str]:
    """Return the families of messages and webhooks."""
    yield family(
        "handrail_outbox_messages",
        "gauge",
        "Messages that are to be delivered or were given up, by channel.",
        _messages(found, here.resting),
    )
    yield family(
        "handrail_outbox_deliveries_total",
        "counter",
        "Tries of this server to deliver messages, by channel and what came of them.",
        _tries("channel", here.carried, here.resting, CARRIED),
    )
    yield family(
        "handrail_channel_resting",
        "gauge",
        "Whether this server leaves a channel alone for now: it is down, or asked to wait.",
        [({"channel": channel}, int(rests)) for channel, rests in sorted(here.resting.items())],
    )
    yield from _of_webhooks(told, here)


def _of_webhooks(told: Told, here: Deliveries) -> Iterator[str]:
    ids = [standing.webhook.id for standing in told.active]
    yield family(
        "handrail_webhooks",
        "gauge",
        "Webhooks that are switched on, switched off, or off because their receiver said that it is gone.",
        [({"state": state}, number) for state, number in told.states().items()],
    )
    yield family(
        "handrail_webhook_deliveries",
        "gauge",
        "Events that webhooks are still to be told, or were given up; at most ten thousand of each are counted.",
        [
            ({"webhook": each.webhook.id, "state": state}, number)
            for each in told.active
            for state, number in (("pending", each.pending), ("failed", each.failed))
        ],
    )
    yield family(
        "handrail_webhook_calls_total",
        "counter",
        "Calls of webhooks that this server has made, by what came of them.",
        _tries("webhook", here.called, ids, CALLED),
    )
    yield family(
        "handrail_webhook_resting",
        "gauge",
        "Whether this server leaves a webhook alone for now: it is down, or asked to wait.",
        [({"webhook": each}, int(each in here.webhooks_resting)) for each in ids],
    )


def _messages(found: Measures, carried: Iterable[str]) -> Iterable[Sample]:
    """Count by channel; those that are carried also where nothing waits, of others so many as there are flows."""
    strange = sorted({*found.pending_messages, *found.failed_messages}.difference(carried))
    by_state = {"pending": found.pending_messages, "failed": found.failed_messages}
    for channel in [*sorted(carried), *strange[:FLOWS]]:
        yield from (
            ({"channel": channel, "state": state}, numbers.get(channel, 0))
            for state, numbers in by_state.items()
        )
    if rest := strange[FLOWS:]:
        for state, numbers in by_state.items():
            yield {"channel": OTHERS, "state": state}, sum(numbers.get(channel, 0) for channel in rest)


def _tries(label: str, tries: Tries, known: Iterable[str], results: Iterable[str]) -> Iterator[Sample]:
    """Count those that are known one by one, also where nothing was tried, and all others together."""
    known = sorted(known)
    others = {result: 0 for result in results}
    for (name, result), number in tries.items():
        if name not in known:
            others[result] += number
    for name in known:
        yield from (({label: name, "result": result}, tries[name, result]) for result in others)
    if any(others.values()):
        yield from (({label: OTHERS, "result": result}, number) for result, number in others.items())
