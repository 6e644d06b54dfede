"""What is seen of a request: its route's template, never its path; one line; its trace."""

import asyncio

import httpx

NIK = "3313071609160001"


async def test_metrics_are_labelled_by_template(client: httpx.AsyncClient) -> None:
    await client.get(f"/v1/fails/{NIK}")
    await client.get(f"/v1/nowhere/{NIK}")
    await client.get("/v1/offices/33.13.07/notes")
    shown = (await client.get("/metrics")).text
    assert 'ektp_http_request_seconds_count{method="GET",route="/v1/fails/{how}",status="500"} 1.0' in shown
    assert 'route="unmatched",status="404"} 1.0' in shown
    assert 'route="/v1/offices/{office}/notes",status="401"} 1.0' in shown
    assert NIK not in shown and "33.13.07" not in shown


async def test_the_log_line_has_the_template_and_no_path(
    client: httpx.AsyncClient, logged: list[dict[str, object]]
) -> None:
    await client.get(f"/v1/fails/{NIK}?nik={NIK}")
    lines = [entry for entry in logged if entry["event"] == "http.request"]
    assert len(lines) == 1
    assert (lines[0]["route"], lines[0]["status"], lines[0]["log_level"]) == (
        "/v1/fails/{how}",
        500,
        "warning",
    )
    assert NIK not in str(lines)


async def test_health_and_metrics_are_not_logged(
    client: httpx.AsyncClient, logged: list[dict[str, object]]
) -> None:
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert (await client.get(path)).status_code == 200
    assert [entry for entry in logged if entry["event"] == "http.request"] == []


async def test_a_trace_is_taken_up_with_a_span_of_our_own(client: httpx.AsyncClient) -> None:
    given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    version, trace, span, _ = (
        (await client.get("/health/live", headers={"traceparent": given})).headers["traceparent"].split("-")
    )
    assert (version, trace) == ("00", "4bf92f3577b34da6a3ce929d0e0e4736")
    assert span != "00f067aa0ba902b7"


async def test_requests_at_the_same_time_keep_their_own_traces(client: httpx.AsyncClient) -> None:
    traces = [f"{number:032x}" for number in range(1, 21)]
    answers = await asyncio.gather(
        *(
            client.get("/nowhere", headers={"traceparent": f"00-{each}-00f067aa0ba902b7-01"})
            for each in traces
        )
    )
    assert [each.json()["correlation_id"] for each in answers] == traces
