"""The two locks on a person's data: columns that this office can read, and parts that only the centre can open."""

from dataclasses import dataclass

from services.enrolment_api.recording.biodata import Biodata, Person
from services.enrolment_api.recording.models import Enrolment
from shared.columns import ColumnCipher
from shared.packets import Sealer


@dataclass(frozen=True)
class Vault:
    """This deployment's keys, as recording uses them."""

    cipher: ColumnCipher
    sealer: Sealer

    def lookup(self, nik: str) -> str:
        """What a record is found by without its NIK being readable."""
        return self.cipher.lookup(nik)

    def lock_nik(self, record_id: str, nik: str) -> bytes:
        """The NIK, readable only as part of this row."""
        return self.cipher.encrypt(nik, row=f"{record_id}/nik")

    def lock_biodata(self, record_id: str, biodata: Biodata) -> bytes:
        """The biodata, readable only as part of this row."""
        return self.cipher.encrypt(biodata.model_dump_json(), row=f"{record_id}/biodata")

    def lock_reason(self, record_id: str, modality: str, reason: str) -> bytes:
        """Why a modality is missing is a fact about somebody's health."""
        return self.cipher.encrypt(reason, row=f"{record_id}/{modality}")

    def read_reason(self, record_id: str, modality: str, locked: bytes) -> str:
        """The reason back."""
        return self.cipher.decrypt(locked, row=f"{record_id}/{modality}")

    def read_person(self, record: Enrolment) -> Person:
        """Who the record is about."""
        return Person(
            nik=self.cipher.decrypt(record.nik_encrypted, row=f"{record.id}/nik"),
            biodata=Biodata.model_validate_json(
                self.cipher.decrypt(record.biodata_encrypted, row=f"{record.id}/biodata")
            ),
        )
