"""A receipt never changes, is nobody else's, and its public page tells the truth in the end."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.chaos.checks.finding import Case, Violation

CHECK = "receipts"


def check(case: Case) -> Iterator[Violation]:
    first: dict[str, dict[str, Any]] = {}
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for each in case.told("complete"):
        record, answer = each.about["record"], each.answer
        if first.setdefault(record, answer) != answer:
            yield Violation(
                CHECK,
                f"{record} was answered with two receipts: {first[record]} and {answer}",
                record,
                each.ended_at,
            )
        holders[answer["receipt"]["number"]].add(record)
        holders[answer["receipt"]["code"]].add(record)
    for name, records in holders.items():
        if len(records) > 1:
            yield Violation(CHECK, f"{name} is on the receipts of {sorted(records)}", name)
    for record, answer in first.items():
        yield from _page(case, record, answer)


def _page(case: Case, record: str, answer: dict[str, Any]) -> Iterator[Violation]:
    page = case.observed.receipts.get(answer["receipt"]["code"])
    if not page:
        yield Violation(CHECK, f"nobody knows the receipt of {record} any more", record)
    elif page["number"] != answer["receipt"]["number"]:
        yield Violation(
            CHECK,
            f"the receipt of {record} was {answer['receipt']['number']} and is {page['number']}",
            record,
        )
    elif page["at_centre_since"] is None:
        yield Violation(CHECK, f"the receipt of {record} says that it is not at the centre", record)
