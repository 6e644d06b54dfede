"""Alembic's environment of queue_api; every model is imported so that its table is seen."""

import services.queue_api.days.models
import services.queue_api.offices.models
import services.queue_api.outages.models
import services.queue_api.tickets.models  # noqa: F401
from services.queue_api.registry import QueueModel
from shared.migration_env import run

run(QueueModel.metadata)
