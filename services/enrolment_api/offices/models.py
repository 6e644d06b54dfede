"""The office as this service needs it: the whole configuration, and the columns the hot path reads."""

import sqlalchemy as sa
from sqlmodel import Field

from services.enrolment_api.registry import EnrolmentModel
from shared.contracts.offices import Office


class OfficeRow(EnrolmentModel, table=True):
    """One office, as last configured."""

    __tablename__ = "office"

    code: str = Field(primary_key=True, max_length=10)
    name: str = Field(max_length=100)
    time_zone: str = Field(max_length=40)
    daily_target: int
    record_offline: bool
    configuration: str = Field(sa_type=sa.Text)

    @classmethod
    def of(cls, office: Office) -> "OfficeRow":
        """The row of a configuration."""
        return cls(
            code=office.code,
            name=office.name,
            time_zone=office.time_zone,
            daily_target=office.daily_target,
            record_offline=office.policies.record_offline,
            configuration=office.model_dump_json(),
        )
