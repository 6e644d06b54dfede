"""The biodata cache feed of the offices, and one person by NIK."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict

from services.central_mock.runtime import CurrentCentre
from shared.contracts.offices import OfficeCode
from shared.problems import NotFound

router = APIRouter(prefix="/central/v1", tags=["residents"])


class ResidentAnswer(BaseModel):
    """One person's biodata as the registry has it."""

    model_config = ConfigDict(from_attributes=True)

    nik: str
    office: str
    name: str
    birth_place: str
    birth_date: date
    sex: str
    marital_status: str
    address: str
    religion: str
    occupation: str
    nationality: str
    kk_number: str


class ResidentsPage(BaseModel):
    """A part of an office's residents; `next_after` is the cursor to ask with next, null on the last page."""

    residents: list[ResidentAnswer]
    next_after: str | None


@router.get("/residents")
async def get_residents(
    centre: CurrentCentre,
    office: OfficeCode,
    after: Annotated[str, Query(pattern=r"^\d{0,9}$")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> ResidentsPage:
    """An office's residents after a cursor, in a fixed order."""
    everyone = centre.residents.of_office(office)
    start = int(after or 0)
    page = everyone[start : start + limit]
    more = start + len(page) < len(everyone)
    return ResidentsPage(
        residents=[ResidentAnswer.model_validate(each) for each in page],
        next_after=str(start + len(page)) if more else None,
    )


@router.get("/residents/{nik}")
async def get_resident(
    centre: CurrentCentre, nik: Annotated[str, Path(pattern=r"^\d{16}$")]
) -> ResidentAnswer:
    """One person. The contract puts the NIK into the path: it is neither logged nor journalled."""
    found = centre.residents.find(nik)
    if found is None:
        raise NotFound("The registry knows nobody by this NIK")
    return ResidentAnswer.model_validate(found)
