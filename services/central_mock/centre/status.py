"""The centre's public keys, and whether it is there."""

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel

from services.central_mock.faults.meaning.skew import skew_of, told_time
from services.central_mock.runtime import CurrentCentre
from shared.contracts.central import CentreKeys

router = APIRouter(prefix="/central/v1", tags=["status"])


class CentreHealth(BaseModel):
    """What a probe of an office learns."""

    status: str
    at: AwareDatetime


@router.get("/keys")
async def get_keys(centre: CurrentCentre) -> CentreKeys:
    """The keys that packets are sealed to and receipts are signed with."""
    return centre.secrets.public


@router.get("/health")
async def get_health(request: Request, centre: CurrentCentre) -> CentreHealth:
    """Cheap, and touches no record: probes must not load a centre that has just come back."""
    now = told_time(centre.clock.now(), skew_of(request))
    return CentreHealth(status="UP" if centre.health.ready else "DEGRADED", at=now)
