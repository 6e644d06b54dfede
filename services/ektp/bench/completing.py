"""`complete` beside an empty handler, and its slowest requests while the centre hangs beside those while it is up."""

from services.ektp.bench.centre import Centre
from services.ektp.bench.figures import Figure
from services.ektp.bench.load import Load, run_load
from services.ektp.bench.records import OFFICE, make_drafts
from services.ektp.bench.run import Run
from services.ektp.bench.stage import EMPTY, Stage

CLIENTS = 16
REQUESTS = 1600
STEPS_PER_ROUND = 2


def measure(run: Run) -> list[Figure]:
    """Rounds of: empty handler, centre up, centre hanging; every other round the last two change places."""
    each = run.scaled(REQUESTS, CLIENTS)
    with run.stage("complete") as stage:
        stage.migrate("enrolment_api", "central_mock")
        ids = make_drafts(
            stage.database("enrolment_api"), run.keys, each * (1 + STEPS_PER_ROUND * run.rounds)
        )
        blocks = iter([ids[start : start + each] for start in range(0, len(ids), each)])
        stage.start("central_mock")
        stage.start("enrolment_api")
        stage.start_empty()
        centre = Centre(stage)
        _empty(stage, next(blocks))
        _complete(stage, ids[:each])
        centre.wait_drained()
        empty: list[Load] = []
        up: list[Load] = []
        hanging: list[Load] = []
        for number in range(run.rounds):
            empty.append(_empty(stage, ids[:each]))
            if number % 2:  # whichever is second finds a larger database
                hanging.append(_while_hanging(stage, centre, next(blocks)))
                up.append(_complete(stage, next(blocks)))
            else:
                up.append(_complete(stage, next(blocks)))
                centre.wait_drained()
                hanging.append(_while_hanging(stage, centre, next(blocks)))
            centre.wait_drained()
    return _figures(empty, up, hanging)


def _while_hanging(stage: Stage, centre: Centre, ids: list[str]) -> Load:
    centre.offline("HANG")
    load = _complete(stage, ids)
    centre.online()
    centre.wait_drained()
    return load


def _complete(stage: Stage, ids: list[str]) -> Load:
    return _load(stage, "enrolment_api", "/v1/enrolments/{}/complete", ids)


def _empty(stage: Stage, ids: list[str]) -> Load:
    return _load(stage, EMPTY, "/v1/nothing/{}/complete", ids)


def _load(stage: Stage, name: str, path: str, ids: list[str]) -> Load:
    paths = [[path.format(each) for each in ids[client::CLIENTS]] for client in range(CLIENTS)]
    headers = stage.token("officer", offices=(OFFICE,))
    return run_load(stage.directory, stage.url(name), paths, headers)


def _figures(empty: list[Load], up: list[Load], hanging: list[Load]) -> list[Figure]:
    nothing = [each.rate for each in empty]
    return [
        Figure("complete, centre up", "empty handler", "requests/s", [x.rate for x in up], nothing, 0.4),
        Figure(
            "complete, centre hanging", "empty handler", "requests/s", [x.rate for x in hanging], nothing, 0.4
        ),
        Figure(
            "complete, p99 while the centre hangs",
            "p99 while it is up",
            "ms",
            [x.p99 * 1000 for x in hanging],
            [x.p99 * 1000 for x in up],
            1.2,
            at_most=True,
        ),
    ]
