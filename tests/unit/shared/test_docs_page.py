"""`/docs` works in an office without the internet: everything it loads comes from the service itself."""

import re

import httpx


async def test_the_page_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert loaded
    for address in loaded:
        assert address.startswith("/"), address
        assert (await client.get(address)).status_code == 200, address
