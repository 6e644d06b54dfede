"""Orders that make no sense are refused with the field and the reason; rules that could never act with their reason."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.central_mock.faults.rules.domain import Rule
from services.central_mock.faults.rules.refusals import RuleCovered, check_not_covered, check_order
from services.central_mock.faults.rules.schemas import RuleOrder
from services.central_mock.faults.specs import Kind
from shared.problems import InvalidInput
from tests.unit.central_mock.faults.test_index import rule

WHOLE = {"kind": "HANG"}


@pytest.mark.parametrize(
    ("order", "pointer", "reason"),
    [
        ({"fault": WHOLE, "match": {"offices": ["33.13.07"]}}, "/match/offices", "no request is known yet"),
        ({"fault": {"kind": "REFUSE"}, "match": {"keys": ["k"]}}, "/match/keys", "no request is known yet"),
        ({"fault": WHOLE, "shape": {"first": 3}}, "/shape", "on or off"),
        ({"fault": WHOLE, "shape": {"probability": 0.5}}, "/shape", "on or off"),
        (
            {"fault": {"kind": "BATCH_HALF_DONE"}, "match": {"endpoints": ["imports.post", "records.post"]}},
            "/match/endpoints/1",
            "acts on imports.post",
        ),
        (
            {"fault": {"kind": "RESET"}, "match": {"endpoints": ["check"]}},
            "/match/endpoints/0",
            "does not act",
        ),
        (
            {"fault": {"kind": "RESET"}, "match": {"direction": "ANSWER"}},
            "/match/direction",
            "DRIP and BANDWIDTH",
        ),
        ({"fault": {"kind": "DRIP"}, "match": {"direction": "REQUEST"}}, "/match/direction", "nothing"),
        (
            {"fault": {"kind": "FORGOTTEN", "after_seconds": 600}, "for": "PT10M"},
            "/fault/after_seconds",
            "over after 600 s",
        ),
        (
            {"fault": {"kind": "KEEP_ALIVE_CUT", "idle_seconds": 60}, "for": "PT1M"},
            "/fault/idle_seconds",
            "idle",
        ),
    ],
)
def test_what_cant_be_meant_is_named(order: dict[str, Any], pointer: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_order(RuleOrder.model_validate(order))
    assert [each.pointer for each in refused.value.errors] == [pointer]
    assert reason in refused.value.errors[0].detail


def test_real_seconds_are_held_against_a_life_at_the_clocks_speed() -> None:
    order = RuleOrder.model_validate({"fault": {"kind": "KEEP_ALIVE_CUT", "idle_seconds": 60}, "for": "PT1H"})
    check_order(order, speed=59)
    with pytest.raises(InvalidInput, match="KEEP_ALIVE_CUT"):
        check_order(order, speed=60)


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"fault": {}},
        {"fault": {"kind": "SLEEP"}},
        {"fault": {"kind": "RESET", "after": 3}},
        {"fault": {"kind": "STATUS"}},
        {"fault": {"kind": "STATUS", "status": 199}},
        {"fault": {"kind": "BANDWIDTH"}},
        {"fault": {"kind": "LATENCY", "seconds": -1}},
        {"fault": WHOLE, "for": "P8D"},
        {"fault": WHOLE, "for": "PT0S"},
        {"fault": WHOLE, "name": "No Name"},
        {"fault": WHOLE, "priority": 1001},
        {"fault": WHOLE, "match": {"offices": ["Jepara"]}},
        {"fault": WHOLE, "match": {"endpoint": "records.post"}},
        {"fault": WHOLE, "often": True},
    ],
)
def test_what_cant_be_read_is_refused(order: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RuleOrder.model_validate(order)


@pytest.mark.parametrize(
    ("on", "new"),
    [
        (rule("on", "HTTP_503"), rule("new", "STATUS", settings={"status": 500}, number=2)),
        (
            rule("on", "HTTP_503", match={"offices": ["33.13.*"]}),
            rule("new", "RESET", match={"offices": ["33.13.07"]}, number=2),
        ),
        (rule("on", "RESET", priority=5), rule("new", "BLACK_HOLE", match={"keys": ["k"]}, number=2)),
        (rule("on", "REFUSE"), rule("new", "HANG", number=2)),
        (rule("on", "HANG"), rule("new", "KEEP_ALIVE_CUT", number=2)),
        (rule("on", "TRUNCATED"), rule("new", "EMPTY_BODY", number=2)),
        (rule("on", "ANSWER_LOST"), rule("new", "ANSWER_LOST", match={"offices": ["33.20"]}, number=2)),
        (
            rule("on", "ANSWER_LOST", match={"endpoints": ["records.post", "imports.post"]}),
            rule("new", "ANSWER_LOST", number=2),  # it acts nowhere else
        ),
        (rule("on", "DRIP"), rule("new", "BANDWIDTH", settings={"bytes_out_per_second": 9}, number=2)),
    ],
    ids=lambda each: each.fault.kind.value,
)
def test_a_rule_that_could_never_act_is_refused_naming_the_other(on: Rule, new: Rule) -> None:
    with pytest.raises(RuleCovered) as refused:
        check_not_covered(new, [on])
    assert refused.value.extensions == {"other": "on"}
    assert "'on'" in refused.value.detail


@pytest.mark.parametrize(
    ("on", "new"),
    [
        (rule("on", "HTTP_503"), rule("new", "RESET", priority=1, number=2)),
        (rule("on", "HTTP_503", shape={"probability": 0.99}), rule("new", "RESET", number=2)),
        (
            rule("on", "HTTP_503", match={"offices": ["33.13.07"]}),
            rule("new", "RESET", match={"offices": ["33.13.*"]}, number=2),
        ),
        (rule("on", "HTTP_503", match={"endpoints": ["records.post"]}), rule("new", "RESET", number=2)),
        (rule("on", "QUOTA", settings={"requests": 1}), rule("new", "HTTP_503", number=2)),
        (
            rule("on", "LATENCY", settings={"seconds": 1}),
            rule("new", "LATENCY", settings={"seconds": 1}, number=2),
        ),
        (rule("on", "ANSWER_LOST"), rule("new", "APPLIED_TWICE", number=2)),
        (rule("on", "KEEP_ALIVE_CUT"), rule("new", "HANG", number=2)),
        (rule("on", "DRIP"), rule("new", "BANDWIDTH", settings={"bytes_in_per_second": 9}, number=2)),
        (rule("on", "HTTP_503"), rule("new", "ANSWER_LOST", number=2)),
    ],
    ids=lambda each: each.fault.kind.value,
)
def test_rules_that_leave_each_other_something_are_both_taken(on: Rule, new: Rule) -> None:
    check_not_covered(new, [on])


def test_every_kind_can_be_ordered_with_what_it_needs_and_no_more() -> None:
    needs: dict[Kind, dict[str, object]] = {
        Kind.STATUS: {"status": 500},
        Kind.BANDWIDTH: {"bytes_in_per_second": 16_000},
        Kind.LATENCY: {"seconds": 1},
        Kind.QUOTA: {"requests": 10},
    }
    for kind in Kind:
        order = RuleOrder.model_validate({"fault": {"kind": kind, **needs.get(kind, {})}})
        check_order(order)
        assert order.fault.kind is kind
