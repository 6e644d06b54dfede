"""What follows from an answer of enrolment_api: for the OpenAPI document, and whoever walks along it."""

from services.enrolment_api.delivery.domain import DeliveryAction
from shared.links import Links, to

RECORD = "/v1/enrolments/{record_id}"
DRAFT = {
    "read": to(f"GET {RECORD}", record_id="/id"),
    "photo": to(f"PUT {RECORD}/captures/{{modality}}", record_id="/id", modality="photo"),
    "signature": to(f"PUT {RECORD}/captures/{{modality}}", record_id="/id", modality="signature"),
    "approve-photo": to(f"POST {RECORD}/photo-approval", record_id="/id"),
    "except": to(f"POST {RECORD}/exceptions", record_id="/id"),
    "complete": to(f"POST {RECORD}/complete", record_id="/id"),
}
DELIVERY = "/v1/deliveries/{delivery_id}/{action}"

LINKS: Links = {
    "POST /v1/enrolments 201": DRAFT,
    "GET /v1/enrolments 200": {
        "read": to(f"GET {RECORD}", record_id="/items/0/id"),
        "start": to("POST /v1/enrolments"),
    },
    f"PUT {RECORD}/captures/{{modality}} 200": {
        "read": to(f"GET {RECORD}", record_id="{record_id}"),
        "approve-photo": to(f"POST {RECORD}/photo-approval", record_id="{record_id}"),
        "complete": to(f"POST {RECORD}/complete", record_id="{record_id}"),
    },
    f"POST {RECORD}/photo-approval 200": DRAFT,
    f"POST {RECORD}/exceptions 201": DRAFT,
    f"POST {RECORD}/complete 200": {
        "read": to(f"GET {RECORD}", record_id="/id"),
        "receipt": to("GET /v1/receipts/{code}", code="/receipt/code"),
        "quarantine": to(f"POST {DELIVERY}", delivery_id="/id", action="quarantine"),
    },
    "GET /v1/deliveries 200": {
        each.value: to(f"POST {DELIVERY}", delivery_id="/items/0/id", action=each.value)
        for each in DeliveryAction
    },
    f"POST {DELIVERY} 200": {
        "record": to(f"GET {RECORD}", record_id="/id"),
    }
    | {each.value: to(f"POST {DELIVERY}", delivery_id="/id", action=each.value) for each in DeliveryAction},
    "POST /v1/offices/{office}/reconciliations/{date} 201": {
        "read": to("GET /v1/offices/{office}/reconciliations/{date}", office="/office", date="/date"),
    },
}
