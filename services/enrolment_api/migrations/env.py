"""Alembic's environment: the tables of every capability."""

import services.enrolment_api.counters.models
import services.enrolment_api.delivery.models
import services.enrolment_api.link.models
import services.enrolment_api.offices.models
import services.enrolment_api.recording.models  # noqa: F401  # importing registers the tables
from services.enrolment_api.registry import metadata
from shared.migration_env import run

run(metadata)
