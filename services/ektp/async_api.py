"""The events as an AsyncAPI 3.0 document, made from the contracts and the topology so that it can't go astray."""

from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import models_json_schema

from shared.contracts import enrolment, queue
from shared.contracts.envelope import CONTENT_TYPE, Event, EventData
from shared.contracts.resend import ResendRequested
from shared.messaging.topology import EXCHANGE, SUBSCRIPTIONS, Subscription

PUBLISHED: dict[str, tuple[type[EventData], ...]] = {
    "queue_api": (*queue.EVENTS, ResendRequested),
    "enrolment_api": (*enrolment.EVENTS, ResendRequested),
}
BINDING = "0.3.0"
SCHEMAS = "#/components/schemas/{model}"
Json = dict[str, Any]


def async_api_document() -> Json:
    """The whole document."""
    events = _all_events()
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Events of the e-KTP office", "version": "1", "description": _DESCRIPTION},
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "broker": {
                "host": "127.0.0.1:5672",
                "protocol": "amqp",
                "description": "BROKER_URL; RabbitMQ 3.10 or newer",
            }
        },
        "channels": {
            **{event.event_type: _event_channel(event) for event in events},
            **{each.queue: _queue_channel(each, events) for each in SUBSCRIPTIONS},
            **{each.parked: _parking_channel(each, events) for each in SUBSCRIPTIONS},
        },
        "operations": _operations(),
        "components": {
            "messages": {event.__name__: _message(event) for event in events},
            "schemas": _schemas(events),
        },
    }


_DESCRIPTION = (
    f"CloudEvents 1.0 as structured JSON on the durable topic exchange `{EXCHANGE}`; the routing key is the event's "
    "type. At least once: `id` tells a second delivery, `sequence` (from 1, without gaps, per `subject`) tells the "
    "order and what is missing. No event carries a NIK, a name or a biometric."
)


def receives(subscription: Subscription, routing_key: str) -> bool:
    """Whether the queue is bound to the key, by AMQP's rules for `*` and `#`."""
    words = routing_key.split(".")
    return any(_matches(binding.split("."), words) for binding in subscription.bindings)


def _matches(pattern: list[str], words: list[str]) -> bool:
    if not pattern:
        return not words
    if pattern[0] == "#":
        return any(_matches(pattern[1:], words[skipped:]) for skipped in range(len(words) + 1))
    return bool(words) and pattern[0] in {"*", words[0]} and _matches(pattern[1:], words[1:])


def _all_events() -> list[type[EventData]]:
    return sorted(
        {event for events in PUBLISHED.values() for event in events}, key=lambda each: each.event_type
    )


def _refs(events: Iterable[type[EventData]]) -> Json:
    return {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"} for event in events}


def _event_channel(event: type[EventData]) -> Json:
    exchange = {"name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False, "vhost": "/"}
    return {
        "address": event.event_type,
        "description": (event.__doc__ or "").strip(),
        "messages": _refs([event]),
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": BINDING}},
    }


def _queue(name: str, description: str, events: Iterable[type[EventData]]) -> Json:
    described = {"name": name, "durable": True, "exclusive": False, "autoDelete": False, "vhost": "/"}
    return {
        "address": name,
        "description": description,
        "messages": _refs(events),
        "bindings": {"amqp": {"is": "queue", "queue": described, "bindingVersion": BINDING}},
    }


def _queue_channel(subscription: Subscription, events: list[type[EventData]]) -> Json:
    taken = [event for event in events if receives(subscription, event.event_type)]
    keys = ", ".join(f"`{key}`" for key in subscription.bindings)
    return _queue(subscription.queue, f"Quorum queue bound to {EXCHANGE} by {keys}.", taken)


def _parking_channel(subscription: Subscription, events: list[type[EventData]]) -> Json:
    taken = [event for event in events if receives(subscription, event.event_type)]
    said = "Quorum queue of what could not be applied, as it came, with the header `x-parked-reason`."
    return _queue(subscription.parked, said, taken)


def _operations() -> Json:
    operations: Json = {}
    for service, events in PUBLISHED.items():
        for event in events:
            operations[f"{service}.sends.{event.event_type}"] = {
                "action": "send",
                "channel": {"$ref": f"#/channels/{event.event_type}"},
                "messages": [{"$ref": f"#/channels/{event.event_type}/messages/{event.__name__}"}],
                "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": BINDING}},
            }
    for subscription in SUBSCRIPTIONS:
        service = subscription.queue.partition(".")[0]
        operations[f"{service}.receives"] = {
            "action": "receive",
            "summary": "Acknowledged after the commit of what the event changed.",
            "channel": {"$ref": f"#/channels/{subscription.queue}"},
            "bindings": {"amqp": {"ack": True, "bindingVersion": BINDING}},
        }
    return operations


def _message(event: type[EventData]) -> Json:
    return {
        "name": event.event_type,
        "title": event.__name__,
        "summary": (event.__doc__ or "").strip().splitlines()[0],
        "contentType": CONTENT_TYPE,
        "payload": {
            "allOf": [
                {"$ref": SCHEMAS.format(model="CloudEvent")},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": event.event_type},
                        "data": {"$ref": SCHEMAS.format(model=event.__name__)},
                    },
                },
            ]
        },
        "bindings": {"amqp": {"contentEncoding": "utf-8", "bindingVersion": BINDING}},
    }


def _schemas(events: list[type[EventData]]) -> Json:
    _, found = models_json_schema([(event, "serialization") for event in events], ref_template=SCHEMAS)
    envelope = Event.model_json_schema(mode="serialization")
    envelope["title"] = "CloudEvent"
    return {"CloudEvent": envelope, **found["$defs"]}
