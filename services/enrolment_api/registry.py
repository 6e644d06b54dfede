"""The one registry of enrolment_api's tables; the shared ones are copied in so that migrations see them."""

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.tables import copy_shared_tables

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class EnrolmentModel(SQLModel, registry=registry(metadata=metadata)):
    """What enrolment_api's tables inherit."""


copy_shared_tables(metadata)
