"""What the fault console costs: no rule beside the same app with nothing in front, a thousand rules beside one."""

import json
import os
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from services.ektp.bench.figures import Figure
from services.ektp.bench.load import run_load
from services.ektp.bench.run import Run
from services.ektp.bench.stage import Process, Stage
from shared.ids import new_id

CLIENTS = 16
REQUESTS = 400
"""Of each client in a round: some seconds, in which both servers have had hundreds of slices of their core."""
RULES = 1000
HEALTH = "/central/v1/health"
SELDOM, LATE = 1e-9, 1_000_000_000
SHAPES: list[dict[str, Any]] = [
    {"probability": SELDOM},
    {"probability": SELDOM, "per": "RULE"},
    {"every": LATE, "per": "RULE"},
    {"after": LATE},
]
"""Of the rules, in turn: they have to be asked about each request and never act, so that they change nothing."""

Servers = Mapping[str, tuple[Stage, Process]]


def measure(run: Run) -> list[Figure]:
    """Rounds of: bare app beside a front without a rule; a front with one rule beside one with many."""
    known = f"/central/v1/records/{new_id()}"
    many = run.scaled(RULES)
    rates: dict[tuple[str, str], list[float]] = {}
    with (
        run.stage("bare") as bare,
        run.stage("front") as front,
        run.stage("one") as one,
        run.stage("many") as more,
    ):
        for stage in (bare, front, one, more):
            stage.migrate("central_mock")
        plain = {"bare": (bare, bare.start_bare_centre()), "front": (front, front.start("central_mock"))}
        ruled = {"one": (one, one.start("central_mock")), "many": (more, more.start("central_mock"))}
        _set_rules(one, 1)
        _set_rules(more, many)
        for _ in range(run.rounds + 1):
            for servers, path, status in ((plain, HEALTH, 200), (plain, known, 404), (ruled, HEALTH, 200)):
                for name, rate in _side_by_side(run, servers, path, status).items():
                    rates.setdefault((name, path), []).append(rate)

    def figure(name: str, yardstick: str, pair: tuple[str, str], path: str, aim: float) -> Figure:
        measured, beside = (rates[each, path][1:] for each in pair)  # the first round warmed up
        return Figure(name, yardstick, "requests per processor second", measured, beside, aim)

    return [
        figure("centre's front, no rule, health", "the app alone", ("front", "bare"), HEALTH, 0.9),
        figure("centre's front, no rule, look-up", "the app alone", ("front", "bare"), known, 0.9),
        figure(f"centre's front, {many} rules", "one rule", ("many", "one"), HEALTH, 0.5),
    ]


def _side_by_side(run: Run, servers: Servers, path: str, status: int) -> dict[str, float]:
    """Requests for each second that a server has had of the processor, all under load at the same time.

    They share one core, slice by slice, and the clients have the others: whatever the machine does to one of them it
    does to the other. One after the other, two runs of the same server differ by a third.
    """
    cores = sorted(os.sched_getaffinity(0))
    clients = cores[1:] or cores
    paths = [[path] * run.scaled(REQUESTS)] * CLIENTS

    def rate(stage: Stage, process: Process) -> float:
        process.confine(cores[:1])
        before = process.processor_seconds()
        run_load(
            stage.directory, stage.url("central_mock"), paths, {}, status=status, method="GET", cores=clients
        )
        return sum(map(len, paths)) / (process.processor_seconds() - before)

    with ThreadPoolExecutor(len(servers)) as together:
        asked = {name: together.submit(rate, *server) for name, server in servers.items()}
        return {name: each.result() for name, each in asked.items()}


def _set_rules(stage: Stage, wanted: int) -> None:
    """So many of them."""
    for number in range(wanted):
        fault = {"kind": "STATUS", "status": 500}
        body = {"name": f"rule-{number}", "fault": fault, "shape": SHAPES[number % len(SHAPES)]}
        request = urllib.request.Request(  # noqa: S310  # our own URL
            f"{stage.control_url}/control/v1/faults",
            data=json.dumps(body).encode(),
            headers=stage.token("ops") | {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            answer.read()
