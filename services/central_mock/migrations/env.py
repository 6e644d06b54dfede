"""Alembic's way into the centre's tables."""

from services.central_mock import orders
from services.central_mock.centre.records import models as records
from services.central_mock.centre.uniqueness import models as uniqueness
from services.central_mock.faults.meaning import models as meaning
from services.central_mock.journal import models as journal
from services.central_mock.registry import CentreModel
from shared.migration_env import run

# Importing them is what puts their tables into the metadata.
TABLES = (
    orders.StandingOrder,
    records.Record,
    records.Packet,
    uniqueness.CheckResult,
    meaning.HeldDecision,
    journal.JournalBatch,
)

run(CentreModel.metadata)
