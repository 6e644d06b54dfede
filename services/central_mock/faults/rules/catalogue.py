"""Every fault there is, with its settings, for people and for pages that let them choose."""

from typing import get_args

from services.central_mock.faults.rules.acting import acts_at
from services.central_mock.faults.schemas import FaultKind
from services.central_mock.faults.specs import HttpFault, Kind, MeaningFault, SocketFault
from services.central_mock.faults.specs.kinds import Spec

FAMILIES = {"SOCKET": SocketFault, "HTTP": HttpFault, "MEANING": MeaningFault}


def specs() -> dict[Kind, tuple[str, type[Spec]]]:
    """The family and the settings of each kind."""
    found = {}
    for family, union in FAMILIES.items():
        for each in get_args(union):
            (kind,) = get_args(each.model_fields["kind"].annotation)
            found[kind] = (family, each)
    return found


def catalogue() -> list[FaultKind]:
    """In the order of their names in the code, which is that of the documentation."""
    told = specs()
    return [_kind(kind, *told[kind]) for kind in Kind]


def _kind(kind: Kind, family: str, spec: type[Spec]) -> FaultKind:
    return FaultKind(
        kind=kind,
        family=family,
        stage=spec.stage.name,
        about=" ".join((spec.__doc__ or "").split()),
        acts_at=sorted(acts_at(kind)),
        settings=spec.model_json_schema(),
    )
