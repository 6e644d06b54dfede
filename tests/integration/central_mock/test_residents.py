"""The biodata feed, keys and health as an office reads them."""

from shared.contracts.central import CentreKeys
from tests.integration.central_mock.conftest import RunningCentre


async def test_an_office_can_read_all_its_residents_page_by_page(centre: RunningCentre) -> None:
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = (
            await centre.api.get(
                "/central/v1/residents", params={"office": "33.13.07", "after": after, "limit": 150}
            )
        ).json()
        found += [each["nik"] for each in page["residents"]]
        after = page["next_after"]

    assert len(found) == len(set(found)) == 400
    assert all(nik.startswith("331307") for nik in found)


async def test_one_resident_is_found_by_nik(centre: RunningCentre) -> None:
    page = (await centre.api.get("/central/v1/residents", params={"office": "33.20", "limit": 1})).json()
    (resident,) = page["residents"]

    assert (await centre.api.get(f"/central/v1/residents/{resident['nik']}")).json() == resident
    unknown = await centre.api.get("/central/v1/residents/9999999999999999")
    assert unknown.status_code == 404


async def test_an_office_that_is_not_known_has_no_residents(centre: RunningCentre) -> None:
    page = (await centre.api.get("/central/v1/residents", params={"office": "11.01"})).json()
    assert page == {"residents": [], "next_after": None}


async def test_health_and_keys_answer(centre: RunningCentre) -> None:
    assert (await centre.api.get("/central/v1/health")).json()["status"] == "UP"
    CentreKeys.model_validate((await centre.api.get("/central/v1/keys")).json())
    ready = (await centre.control.get("/health/ready")).json()
    assert ready["status"] == "ready"
    assert {"database", "task:uniqueness_check", "task:fault_expiry"} <= ready["components"].keys()
