"""What follows from an answer of queue_api: for the OpenAPI document, and whoever walks along it."""

from shared.links import Call, Links, to

OFFICE, TICKET, VOUCHER, OUTAGE = (
    "/v1/offices/{office}",
    "/v1/tickets/{ticket_id}",
    "/v1/vouchers/{code}",
    "/v1/outages/{outage_id}",
)


def _act(action: str) -> Call:
    return to(f"POST {TICKET}/{{action}}", ticket_id="/id", action=action)


READ = to("GET /v1/tickets/{code}", code="/code")
BOARD = to(f"GET {OFFICE}/board", office="/office")
LEAVES = {
    "cancel": _act("cancel"),
    "transfer": to(f"POST {TICKET}/transfer", ticket_id="/id"),
    "voucher": to(f"POST {TICKET}/voucher", ticket_id="/id"),
}
WAITS = {
    "read": READ,
    "board": BOARD,
    "call-next": to(f"POST {OFFICE}/counters/{{counter}}/call-next", office="/office", counter="1"),
} | LEAVES
CLOSE = to(f"POST {OUTAGE}/close", outage_id="/id")
CHANGE = to(f"PATCH {OUTAGE}", outage_id="/id")

LINKS: Links = {
    "GET /v1/offices 200": {
        "office": to(f"GET {OFFICE}", office="/items/0/code"),
        "issue": to(f"POST {OFFICE}/tickets", office="/items/0/code"),
        "call-next": to(f"POST {OFFICE}/counters/{{counter}}/call-next", office="/items/0/code", counter="1"),
        "report-outage": to(f"POST {OFFICE}/outages", office="/items/0/code"),
    },
    f"POST {OFFICE}/tickets 201": WAITS,
    f"POST {TICKET}/transfer 201": WAITS,
    f"POST {VOUCHER}/redeem 200": WAITS,
    f"POST {OFFICE}/counters/{{counter}}/call-next 200": {
        each: _act(each) for each in ("recall", "start", "no-show", "park")
    }
    | LEAVES
    | {"read": READ},
    f"POST {TICKET}/{{action}} 200": {
        each: _act(each) for each in ("start", "finish", "reinstate", "park", "resume")
    }
    | LEAVES
    | {"read": READ},
    f"POST {TICKET}/voucher 201": {
        "paper": to(f"GET {VOUCHER}", code="/code"),
        "redeem": to(f"POST {VOUCHER}/redeem", code="/code"),
    },
    f"POST {OFFICE}/outages 201": {"change": CHANGE, "close": CLOSE},
    f"PATCH {OUTAGE} 200": {"change": CHANGE, "close": CLOSE},
    f"POST {OUTAGE}/close 200": {"change": CHANGE, "again": CLOSE},
}
