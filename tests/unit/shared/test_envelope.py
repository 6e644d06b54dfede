"""An event on its way out is written without a model, and is what the model would have written."""

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.enrolment import LinkState, RecordCaptured
from shared.contracts.envelope import LAST_SEQUENCE, Event, Outgoing

ZONES = st.sampled_from([timezone.utc, timezone(timedelta(hours=7)), timezone(timedelta(hours=9))])  # noqa: UP017  # WIT
TIMES = st.datetimes(min_value=datetime(2011, 1, 1), max_value=datetime(2100, 1, 1), timezones=ZONES)  # noqa: DTZ001  # hypothesis adds the zone
TEXTS = st.text(
    st.characters(codec="utf-8", min_codepoint=32, exclude_characters="\x7f"), min_size=1, max_size=40
)


@given(at=TIMES, word=TEXTS, ticket=st.none() | TEXTS, sequence=st.integers(0, LAST_SEQUENCE))
def test_what_goes_out_is_what_the_envelope_writes(
    at: datetime, word: str, ticket: str | None, sequence: int
) -> None:
    data = RecordCaptured(kind=word, ticket_id=ticket, captured_at=at, link_state=LinkState.OFFLINE)
    body = Outgoing(subject=word, office=word, at=at, data=data).encode(
        event_id="1", source="enrolment_api", sequence=sequence, traceparent="00-1-2-01"
    )
    event = Event(
        id="1",
        source="enrolment_api",
        type=data.event_type,
        subject=word,
        time=at,
        sequence=sequence,
        office=word,
        traceparent="00-1-2-01",
        data=data.model_dump(mode="json"),
    )
    assert body == event.encode()
    assert Event.decode(body) == event
