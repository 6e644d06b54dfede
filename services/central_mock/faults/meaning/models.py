"""What a rule still has in hand, kept over a restart: decisions held back, forgetting that is due, backups."""

from datetime import datetime

from sqlmodel import Field

from services.central_mock.registry import CentreModel
from shared.database import UtcDateTime

RULE_NAME = 100


class HeldDecision(CentreModel, table=True):
    """A record whose decision a rule keeps back; while it does, the record's own `waiting_since` is empty."""

    __tablename__ = "held_decision"

    key: str = Field(primary_key=True, max_length=36)
    rule: str = Field(primary_key=True, max_length=RULE_NAME, index=True)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    """None: until the rule is off."""
    waiting_since: datetime = Field(sa_type=UtcDateTime)
    """What the record gets back."""
    over: bool = False
    """It was kept back as long as it should; the rule has no more to say about this record."""


class DueForgetting(CentreModel, table=True):
    """A record that was acknowledged and will be gone."""

    __tablename__ = "due_forgetting"

    key: str = Field(primary_key=True, max_length=36)
    rule: str = Field(max_length=RULE_NAME)
    due_at: datetime = Field(sa_type=UtcDateTime, index=True)


class RestoredBackup(CentreModel, table=True):
    """A rule that has put the centre back already: once for each time that it is set, also over a restart."""

    __tablename__ = "restored_backup"

    rule: str = Field(primary_key=True, max_length=RULE_NAME)
    rule_set_at: datetime = Field(sa_type=UtcDateTime)
