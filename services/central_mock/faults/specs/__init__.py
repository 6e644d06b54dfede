"""Every fault the centre knows, as data: what it is called, what can be set, and where in a request's life it acts."""

from typing import Annotated

from pydantic import Field

from services.central_mock.faults.specs.http import HttpFault
from services.central_mock.faults.specs.kinds import Kind, Stage
from services.central_mock.faults.specs.meaning import MeaningFault
from services.central_mock.faults.specs.socket import SocketFault

FaultSpec = Annotated[SocketFault | HttpFault | MeaningFault, Field(discriminator="kind")]
"""One fault with its settings; `kind` says which."""

__all__ = ["FaultSpec", "HttpFault", "Kind", "MeaningFault", "SocketFault", "Stage"]
