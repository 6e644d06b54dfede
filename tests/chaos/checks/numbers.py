"""Numbers count from 1 without a gap, each once, for every office, service and day."""

from collections import defaultdict
from collections.abc import Iterator

from tests.chaos.checks.finding import NUMBERS, Case, Violation, few, office_of

CHECK = "numbers"
PREFIXES = {"ENROLMENT": "A", "CARD_PRINTING": "B", "CARD_PICKUP": "C", "SUKET": "D"}
Line = tuple[str, str, str]


def check(case: Case) -> Iterator[Violation]:
    told: defaultdict[Line, dict[int, str]] = defaultdict(dict)
    for each in case.told(*NUMBERS):
        line = (each.answer["office"], each.answer["service"], each.answer["day"])
        if each.answer["number"][0] != PREFIXES[each.answer["service"]]:
            yield Violation(
                CHECK, f"{each.answer['number']} was given for {each.answer['service']}", each.answer["id"]
            )
        number = int(each.answer["number"][1:])
        if told[line].setdefault(number, each.answer["id"]) != each.answer["id"]:
            yield Violation(
                CHECK, f"{each.answer['number']} of {line} was given twice", each.answer["id"], each.ended_at
            )
    for line, numbers in told.items():
        yield from _gaps(case, line, set(numbers))
    yield from _counted(case)


def _gaps(case: Case, line: Line, numbers: set[int]) -> Iterator[Violation]:
    """A number that nobody was told can only belong to somebody who got no answer."""
    office, service, _ = line
    missing = sorted(set(range(1, max(numbers) + 1)) - numbers)
    unanswered = [
        each
        for each in case.unknown(*NUMBERS)
        if (office_of(each), each.about["service"]) == (office, service)
    ]
    if len(missing) > len(unanswered):
        yield Violation(
            CHECK, f"{line}: {few(map(str, missing))} of {max(numbers)} were given to nobody;"
            f" {len(unanswered)} people got no answer",
        )  # fmt: skip


def _counted(case: Case) -> Iterator[Violation]:
    """The office's own count of its days is what was promised, and those who got no answer."""
    for office in {day["office"] for day in case.observed.days}:
        counted = sum(day["issued"] for day in case.observed.days if day["office"] == office)
        told = sum(1 for each in case.told(*NUMBERS) if office_of(each) == office)
        unanswered = sum(1 for each in case.unknown(*NUMBERS) if office_of(each) == office)
        if not told <= counted <= told + unanswered:
            yield Violation(
                CHECK, f"{office} counts {counted} tickets; {told} were promised, {unanswered} got no answer"
            )
