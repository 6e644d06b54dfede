"""What a voucher says, signed, so that another office can trust the paper without a network."""

from pathlib import Path
from typing import Self

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from services.queue_api.tickets.domain import Priority
from shared.contracts.offices import ServiceType
from shared.keys import VOUCHER_PRIVATE
from shared.problems import InvalidInput
from shared.security import ALGORITHM


class Statement(BaseModel):
    """A kept place: nothing that names a person."""

    model_config = ConfigDict(frozen=True)

    code: str
    ticket: str
    number: str
    service: ServiceType
    priority: Priority | None
    office: str
    arrived_at: AwareDatetime
    issued_at: AwareDatetime
    valid_in: str
    """The kabupaten whose offices take it."""


class VoucherView(Statement):
    """The voucher as an answer."""

    reason: str
    redeemed_at: AwareDatetime | None
    signed: str
    """The statement as a compact JWS; verify it with the deployment's `voucher-public.pem`."""


class VoucherSigner:
    """Signs statements with the deployment's key and checks those that citizens bring."""

    def __init__(self, private_key: str) -> None:
        self._key = OKPKey.import_key(private_key)

    @classmethod
    def from_directory(cls, keys_dir: Path) -> Self:
        """With this deployment's key."""
        return cls((keys_dir / VOUCHER_PRIVATE).read_text())

    def sign(self, statement: Statement) -> str:
        """The statement as a compact JWS."""
        return jws.serialize_compact(
            {"alg": ALGORITHM, "typ": "ektp-voucher"},
            statement.model_dump_json(),
            self._key,
            algorithms=[ALGORITHM],
        )

    def verify(self, signed: str) -> Statement:
        """What was signed. Raises InvalidInput."""
        try:
            checked = jws.deserialize_compact(signed, self._key, algorithms=[ALGORITHM])
            return Statement.model_validate_json(checked.payload or b"")
        except (JoseError, ValidationError, ValueError) as error:
            raise InvalidInput.field("/body/signed", "not a voucher signed by this deployment") from error
