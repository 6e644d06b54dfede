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


async def enrolment_runtime(request: Request) -> EnrolmentRuntime:
    """The runtime behind the request; async, for FastAPI would take a plain function to a thread."""
    return cast(EnrolmentRuntime, request.app.state.runtime)


CurrentEnrolment = Annotated[EnrolmentRuntime, Depends(enrolment_runtime)]
