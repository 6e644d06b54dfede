"""An office's day held against the centre's: what one has and the other has not."""

from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from sqlmodel import Session

from services.central_mock.centre.records import repository
from services.central_mock.faults.meaning.reading import unseen_by
from services.central_mock.runtime import CurrentCentre
from shared.contracts.central import Reconciliation, ReconciliationRequest

router = APIRouter(prefix="/central/v1", tags=["reconciliations"])

# Most of the country's people live by it, and an office that is not in our list must be in some zone.
DEFAULT_ZONE = "Asia/Jakarta"


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """When a day of an office begins and ends, in UTC."""
    midnight = datetime.combine(day, time.min, ZoneInfo(zone))
    return midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC)


def reconcile(
    session: Session, *, request: ReconciliationRequest, zone: str, unseen: AbstractSet[str] = frozenset()
) -> Reconciliation:
    """Compare by key and hash; records of the office's day that it does not list are `unexpected`."""
    believed = {entry.key: entry.sha256 for entry in request.entries}
    held = repository.hashes_by_key(session, believed.keys() - unseen)
    start, end = day_bounds(request.date, zone)
    captured = repository.keys_captured(session, office=request.office, start=start, end=end)
    return Reconciliation(
        missing=[key for key in believed if key not in held],
        mismatched=[key for key, sha256 in believed.items() if held.get(key, sha256) != sha256],
        unexpected=[key for key in captured if key not in believed and key not in unseen],
    )


@router.post("/reconciliations")
async def post_reconciliation(
    http: Request, centre: CurrentCentre, request: ReconciliationRequest
) -> Reconciliation:
    """Changes nothing: a POST because a day's list is too long for a URL."""
    zone = centre.zones.get(request.office, DEFAULT_ZONE)
    unseen = await unseen_by(http, centre)
    return await centre.database.read(
        lambda session: reconcile(session, request=request, zone=zone, unseen=unseen)
    )
