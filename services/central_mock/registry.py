"""The centre's own tables, apart from those of any service that shares the process."""

import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class CentreModel(SQLModel, registry=registry(metadata=sa.MetaData(naming_convention=NAMES))):
    """What every table of the centre is built on."""
