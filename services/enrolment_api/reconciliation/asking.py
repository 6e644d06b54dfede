"""Asking the centre what it and our list of a day do not agree on."""

from pydantic import ValidationError

from services.enrolment_api.delivery.centre import DEADLINE, CentreClient
from services.enrolment_api.delivery.wire import (
    PROBLEM,
    SLOWEST_BYTES_PER_SECOND,
    ExchangeFailed,
    not_the_centre,
)
from services.enrolment_api.link.domain import Failure
from shared.contracts.central import Reconciliation, ReconciliationRequest


class RequestRefused(Exception):
    """The centre is well and refuses this request; the link has nothing to do with it."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the centre refuses with {status}")


async def compare(centre: CentreClient, request: ReconciliationRequest) -> Reconciliation:
    """What the centre and this list of a day do not agree on. Raises ExchangeFailed, RequestRefused."""
    body = request.model_dump_json().encode()
    answer = await centre.wire.exchange(
        "POST",
        "/central/v1/reconciliations",
        DEADLINE + len(body) / SLOWEST_BYTES_PER_SECOND,
        content=body,
        headers={"Content-Type": "application/json", "X-Office": request.office},
    )
    if answer.media_type == PROBLEM and 400 <= answer.status < 500 and answer.status != 429:
        raise RequestRefused(answer.status)
    if answer.status != 200:
        raise not_the_centre(answer)
    try:
        found = Reconciliation.model_validate_json(answer.body)
    except ValidationError as error:
        raise ExchangeFailed(Failure.BAD_ANSWER, sent=True) from error
    asked = {entry.key for entry in request.entries}
    if not asked.issuperset(found.missing) or not asked.issuperset(found.mismatched):
        raise ExchangeFailed(Failure.BAD_ANSWER, sent=True)  # an answer to another question
    return found
