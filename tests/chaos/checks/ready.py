"""Every process says that it is ready, and has a broker and a centre again."""

from collections.abc import Iterator

from tests.chaos.checks.finding import Case, Violation

CHECK = "ready"


def check(case: Case) -> Iterator[Violation]:
    for name, said in case.observed.ready.items():
        if said["status_code"] != 200:
            yield Violation(CHECK, f"{name} is not ready: {said}", name)
        for component, state in said.get("components", {}).items():
            if state["state"] not in {"UP", "ONLINE"}:
                yield Violation(CHECK, f"{name}: {component} is {state['state']} ({state['detail']})", name)
