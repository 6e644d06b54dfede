"""What this service holds besides what all have."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from services.enrolment_api.access.sign_in import SignIn
from services.enrolment_api.recording.vault import Vault
from shared.runtime import Runtime


@dataclass
class EnrolmentRuntime(Runtime):
    """The keys that lock a person's data, and who may sign in."""

    vault: Vault
    sign_in: SignIn


def runtime_behind(request: Request) -> EnrolmentRuntime:
    """The runtime behind the request, without the 50 us that FastAPI takes for a dependency."""
    return cast(EnrolmentRuntime, request.app.state.runtime)


async def enrolment_runtime(request: Request) -> EnrolmentRuntime:
    """The runtime behind the request; async, for FastAPI would take a plain function to a thread."""
    return runtime_behind(request)


CurrentEnrolment = Annotated[EnrolmentRuntime, Depends(enrolment_runtime)]
