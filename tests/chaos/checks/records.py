"""Every accepted record at the centre exactly once with the same bytes, and none that nobody accepted."""

from collections.abc import Iterator

from tests.chaos.checks.finding import Case, Violation, few

CHECK = "records"


def check(case: Case) -> Iterator[Violation]:
    yield from _kept(case)
    yield from _bytes(case)
    yield from _at_the_centre(case)
    yield from _accepted_only(case)


def _kept(case: Case) -> Iterator[Violation]:
    """What was answered is on the office's disk."""
    for each in case.told("complete"):
        record = case.observed.records.get(each.about["record"])
        if not record:
            yield Violation(
                CHECK,
                f"{each.about['record']} was completed and is not at the office",
                each.about["record"],
                each.ended_at,
            )
        elif record["status"] == "DRAFT":
            yield Violation(
                CHECK,
                f"{each.about['record']} was completed and is a draft",
                each.about["record"],
                each.ended_at,
            )


def _bytes(case: Case) -> Iterator[Violation]:
    """What the devices read is what is kept, reading by reading, of records that were never completed too."""
    for each in case.told("draft"):
        if each.answer["id"] not in case.observed.records:
            yield Violation(
                CHECK, f"{each.answer['id']} was begun and is not there", each.answer["id"], each.ended_at
            )
    for each in case.told("capture"):
        record = case.observed.records.get(each.about["record"]) or {}
        kept = {capture["modality"]: capture["sha256"] for capture in record.get("captures", ())}
        if kept.get(each.about["modality"]) != each.about["sha256"]:
            what = f"{each.about['record']} does not keep the {each.about['modality']} that was sent"
            yield Violation(CHECK, what, each.about["record"], each.ended_at)
    kept_for_sure = {(each.about["record"], each.about["modality"]) for each in case.told("capture")}
    for each in case.history:
        forgotten = [
            name
            for name in each.answer.get("missing", ())
            if (each.about.get("record"), name) in kept_for_sure
        ]
        if each.what == "complete" and forgotten:
            what = f"{each.about['record']} has forgotten {few(forgotten)}, which it had been given"
            yield Violation(CHECK, what, each.about["record"], each.ended_at)
    for each in case.told("complete"):
        record = case.observed.records.get(each.about["record"]) or {}
        more = {capture["modality"] for capture in record.get("captures", ())} - each.about["sent"].keys()
        if more:
            yield Violation(
                CHECK, f"{record['id']} keeps what nobody sent: {few(sorted(more))}", record["id"]
            )


def _at_the_centre(case: Case) -> Iterator[Violation]:
    """By the centre's own account: hash, office, and how often each took effect."""
    for name in ("lost", "duplicated", "mismatched"):
        for key in case.observed.verified.get(name, ()):
            yield Violation(CHECK, f"{key} is {name} at the centre", key)
    if not case.observed.verified and any(case.told("complete")):
        yield Violation(CHECK, "the centre was not asked")


def _accepted_only(case: Case) -> Iterator[Violation]:
    """Nobody's record is complete whom no officer has completed."""
    for key in case.observed.verified.get("unexpected", ()):
        yield Violation(CHECK, f"{key} is at the centre and not complete at the office", key)
    meant = {
        each.about["record"] for each in case.history if each.what == "complete" and each.outcome != "fail"
    }
    for key, status in case.observed.listed.items():
        if status != "DRAFT" and key not in meant:
            yield Violation(CHECK, f"{key} is {status} and nobody completed it", key)
