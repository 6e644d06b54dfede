"""The verdict on a played day. It knows what the clients saw and the centre's own account, and nothing else.

Each rule gives a finding whether it holds or not, so that the report shows what was looked at. A rule that could
not fail would say nothing: the tests plant a violation of every one of them.
"""

from services.ektp.replay import centre_rules, line_rules, offline_rules, report_rules
from services.ektp.replay.finding import Finding, Rule
from services.ektp.replay.history import History
from services.ektp.replay.scenario import Scenario

ALWAYS: list[Rule] = [
    line_rules.everybody_came,
    line_rules.each_called_once,
    line_rules.each_recorded_once,
    line_rules.line_kept,
    line_rules.nobody_falsified,
    line_rules.places_kept,
    centre_rules.all_at_centre,
    centre_rules.known_as_delivered,
    centre_rules.outage_noticed,
    centre_rules.board_tells,
    centre_rules.ledger_tells,
]
AS_REPORTED: list[Rule] = [
    report_rules.served_when_it_went,
    report_rules.nothing_recorded,
    report_rules.numbers_out,
    report_rules.still_waits,
    report_rules.waited_long,
    report_rules.interrupted_resume_first,
]
WITH_OFFLINE_RECORDING: list[Rule] = [
    offline_rules.work_goes_on,
    offline_rules.receipts_do_not_wait,
    offline_rules.next_is_the_interrupted,
]


def check(scenario: Scenario, history: History) -> list[Finding]:
    """What every rule of this mode finds."""
    rules = ALWAYS + (WITH_OFFLINE_RECORDING if history.record_offline else AS_REPORTED)
    return [finding for rule in rules if (finding := rule(scenario, history))]
