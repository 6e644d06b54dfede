"""What the fault console costs: no rule beside the same app with nothing in front, a thousand rules beside one."""

import json
import urllib.request

from services.ektp.bench.figures import Figure
from services.ektp.bench.load import run_load
from services.ektp.bench.run import Run
from services.ektp.bench.stage import Stage
from shared.ids import new_id

CLIENTS = 16
REQUESTS = 100
"""Of each client in a turn: short, so that what disturbs the machine disturbs both of a pair."""
TURNS = 4
"""Of each round, each first in every other one: what one leaves behind for the disk falls into the other's time."""
RULES = 1000
HEALTH = "/central/v1/health"
SELDOM = 1e-9
"""A probability that has to be drawn for each request and never comes: the dearest rule that changes nothing."""


def measure(run: Run) -> list[Figure]:
    """Rounds of: bare app, front without a rule; front with one rule, with many."""
    known = f"/central/v1/records/{new_id()}"
    rates: dict[tuple[str, str], list[float]] = {}

    def rate(stage: Stage, what: str, path: str, status: int = 200) -> None:
        paths = [[path] * run.scaled(REQUESTS)] * CLIENTS
        load = run_load(stage.directory, stage.url("central_mock"), paths, {}, status=status, method="GET")
        rates.setdefault((what, path), []).append(load.rate)

    with run.stage("bare") as bare, run.stage("front") as front:
        for stage in (bare, front):
            stage.migrate("central_mock")
        bare.start_bare_centre()
        front.start("central_mock")
        many = run.scaled(RULES)
        for _ in range(run.rounds + 1):
            for turn in range(TURNS):
                pair = [(bare, "bare"), (front, "front")]
                for stage, what in pair if turn % 2 else pair[::-1]:
                    rate(stage, what, HEALTH)
                    rate(stage, what, known, 404)
            for what, rules in (("one", 1), ("many", many)):
                _set_rules(front, rules)
                for _turn in range(TURNS):
                    rate(front, what, HEALTH)
            _set_rules(front, 0)

    def figure(name: str, yardstick: str, pair: tuple[str, str], path: str, aim: float) -> Figure:
        measured, beside = (rates[each, path][TURNS:] for each in pair)  # the first round warmed up
        return Figure(name, yardstick, "requests/s", measured, beside, aim)

    return [
        figure("centre's front, no rule, health", "the app alone", ("front", "bare"), HEALTH, 0.9),
        figure("centre's front, no rule, look-up", "the app alone", ("front", "bare"), known, 0.9),
        figure(f"centre's front, {many} rules", "one rule", ("many", "one"), HEALTH, 0.5),
    ]


def _set_rules(stage: Stage, wanted: int) -> None:
    """So many and no others."""
    url = f"{stage.control_url}/control/v1/faults"
    _call("DELETE", url, stage)
    for number in range(wanted):
        fault = {"kind": "STATUS", "status": 500}
        _call(
            "POST", url, stage, {"name": f"rule-{number}", "fault": fault, "shape": {"probability": SELDOM}}
        )


def _call(method: str, url: str, stage: Stage, body: object = None) -> None:
    data = None if body is None else json.dumps(body).encode()
    headers = stage.token("ops") | {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310  # our own URL
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        answer.read()
