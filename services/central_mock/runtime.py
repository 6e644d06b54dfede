"""What the running centre holds beside the parts that every service has."""

from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from services.central_mock.centre.residents.domain import Residents
from services.central_mock.centre.secrets import CentreSecrets
from services.central_mock.centre.signals import Signal
from services.central_mock.centre.uniqueness.schemas import UniquenessPolicy
from services.central_mock.faults.front import Front
from services.central_mock.faults.rules.service import RuleBook
from services.central_mock.faults.scenarios.service import Player
from services.central_mock.journal.domain import Entry
from services.central_mock.journal.figures import CentreFigures
from services.central_mock.journal.journal import Journal
from services.central_mock.journal.keeper import JournalKeeper
from services.central_mock.journal.reading import History
from services.central_mock.settings import CentreSettings
from shared.runtime import Runtime


@dataclass
class CentreRuntime(Runtime):
    """The centre, put together."""

    settings: CentreSettings
    secrets: CentreSecrets
    journal: Journal
    keeper: JournalKeeper
    figures: CentreFigures
    front: Front
    rules: RuleBook
    residents: Residents
    zones: dict[str, str]
    """The time zone of each office that is known."""
    policy: UniquenessPolicy
    results: Signal = field(default_factory=Signal)
    """Rings when there are new decisions."""
    check_due: Signal = field(default_factory=Signal)
    """Rings when the uniqueness check should look now."""
    aftermath_due: Signal = field(default_factory=Signal)
    """Rings when what rules have in hand may have come due."""
    scenarios: Player = field(init=False)

    def __post_init__(self) -> None:
        """Whoever plays scenarios needs only what is here."""
        self.scenarios = Player(self.rules, self.clock, self.database, self.journal)

    @property
    def history(self) -> History:
        """The journal as it is read: memory and disk together."""
        return History(self.journal, self.keeper, self.database)


def centre_of(request: Request) -> CentreRuntime:
    """The centre behind the request."""
    return cast(CentreRuntime, request.app.state.runtime)


async def current_centre(request: Request) -> CentreRuntime:
    """The centre as a dependency; async, for FastAPI would take a plain function to a thread."""
    return centre_of(request)


CurrentCentre = Annotated[CentreRuntime, Depends(current_centre)]


def entry_of(request: Request) -> Entry | None:
    """The request's place in the journal; None where it did not come through the front."""
    return cast(Entry | None, request.scope.get("state", {}).get("journal"))
