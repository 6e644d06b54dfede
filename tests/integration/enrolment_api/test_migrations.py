"""The migrations make exactly the tables that the code has, on both databases, and can be taken back."""

from alembic import command

from shared.migrations import alembic_config, migrate


def test_nothing_differs_from_the_models(database_url: str) -> None:
    command.check(alembic_config("enrolment_api", database_url))


def test_they_can_be_taken_back_and_applied_again(database_url: str) -> None:
    command.downgrade(alembic_config("enrolment_api", database_url), "base")
    migrate("enrolment_api", database_url)
    command.check(alembic_config("enrolment_api", database_url))
