"""A run's report as text: figures, what each fault really did, and for a failure the command and the timeline."""

from tests.chaos.run import Report

AROUND = 60
"""Lines of the timeline before and after the first mention of what a violation is about."""
LAST = 120


def shown_report(report: Report) -> str:
    """Everything worth knowing."""
    lines = [*_figures(report), *_failures(report)]
    if not report.ok:
        lines += [timeline(report), "", f"again: {report.setup.command}"]
    return "\n".join(lines)


def _figures(report: Report) -> list[str]:
    verified = report.verified
    return [
        (
            f"{report.records} records accepted; at the centre: {verified.get('lost', '?')} lost,"
            f" {verified.get('duplicated', '?')} duplicated, {verified.get('mismatched', '?')} mismatched,"
            f" {verified.get('unexpected', '?')} unexpected, {verified.get('recovered', '?')} recovered,"
            f" {verified.get('reordered', '?')} overtaken"
        ),
        f"{sum(report.intents.values())} intents of clients: {dict(report.intents)}, unknown {dict(report.unknown)}",
        f"faults that acted: {', '.join(f'{name} {count}' for name, count in sorted(report.faults.items()))}",
        f"what they did: {', '.join(f'{who} {what} {count}' for (who, what), count in sorted(report.acted.items()))}",
        f"ended by themselves: {report.ended_by_themselves or 'none'}",
        f"converged in {report.converged_in:.1f} s; took {report.took:.1f} s: {phases(report)}; {report.memory} MB",
    ]


def phases(report: Report) -> str:
    """What the seconds went into."""
    return ", ".join(f"{phase} {seconds:.0f}" for phase, seconds in report.phases.items())


def _failures(report: Report) -> list[str]:
    lines = [f"VIOLATED {each}" for each in report.violations]
    lines += [f"NOT CONVERGED {report.unconverged}"] if report.unconverged else []
    lines += [f"DID NOT ACT {each}" for each in report.idle]
    lines += [f"COULD NOT FALL {each}" for each in report.errors]
    return lines or ["every promise was kept"]


def timeline(report: Report) -> str:
    """The moments around what went wrong, or the last ones."""
    lines = report.timeline.split("\n")
    for violation in report.violations:
        for number, line in enumerate(lines):
            if violation.about and violation.about in line:
                return "\n".join(lines[max(0, number - AROUND) : number + AROUND])
    return "\n".join(lines[-LAST:])
