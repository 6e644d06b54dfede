"""What follows from an answer of the centre or its console: for the OpenAPI documents, and whoever walks along them."""

from shared.links import Links, to

RECEIPT = {"receipt": to("GET /central/v1/records/{key}", key="/key")}
LINKS: Links = {
    "POST /central/v1/records 201": RECEIPT,
    "POST /central/v1/records 200": RECEIPT,
    "GET /central/v1/residents 200": {
        "resident": to("GET /central/v1/residents/{nik}", nik="/residents/0/nik"),
        "next": to("GET /central/v1/residents", after="/next_after"),
    },
    "GET /central/v1/results 200": {"next": to("GET /central/v1/results", after="/next_after")},
}

FAULT, SCENARIO = "/control/v1/faults/{name}", "/control/v1/scenarios/{name}"
ON = {
    "read": to(f"GET {FAULT}", name="/name"),
    "change": to(f"PUT {FAULT}", name="/name"),
    "remove": to(f"DELETE {FAULT}", name="/name"),
}
PLAYED = {"read": to(f"GET {SCENARIO}", name="{name}")} | {
    each: to(f"POST {SCENARIO}/{each}", name="{name}")
    for each in ("start", "pause", "resume", "step", "stop")
}
CONSOLE_LINKS: Links = {
    "POST /control/v1/faults 201": ON,
    f"PUT {FAULT} 200": ON,
    "GET /control/v1/faults 200": {"read": to(f"GET {FAULT}", name="/items/0/name")},
    f"PUT {SCENARIO} 200": PLAYED,
    f"PUT {SCENARIO} 201": PLAYED | {"forget": to(f"DELETE {SCENARIO}", name="{name}")},
    f"GET {SCENARIO} 200": PLAYED,
} | {f"POST {SCENARIO}/{each} 200": PLAYED for each in ("start", "pause", "resume", "step", "stop")}
