"""Rules about the centre: what arrived there, how the outage was noticed and told."""

from datetime import datetime, timedelta
from typing import Any

from services.ektp.replay.finding import Finding, some
from services.ektp.replay.history import History
from services.ektp.replay.scenario import Scenario

# How long an outage may last before the office's screens say so, and its end likewise.
NOTICED_WITHIN = timedelta(minutes=5)
# By so much of the day the services' clocks and the replay's may differ on a busy machine.
CLOCKS_DIFFER = timedelta(minutes=2)


def all_at_centre(scenario: Scenario, history: History) -> Finding:
    """Every receipt's record is at the centre exactly once, by the centre's own account."""
    account, recorded = history.verified, len(history.recorded)
    if account is None:
        return Finding("every record at the centre exactly once", False, "the centre was not asked")
    missing, twice, strange = len(account.missing), len(account.twice), len(account.unexpected)
    saw = f"{recorded} recorded, {missing} missing, {twice} twice, {strange} unexpected"
    holds = account.asked == recorded and recorded > 0 and not (missing or twice or strange)
    return Finding("every record at the centre exactly once", holds, saw)


def known_as_delivered(scenario: Scenario, history: History) -> Finding:
    """The office knows of each record that it arrived."""
    waiting = [record.number for record in history.recorded if record.at_centre is None]
    return Finding("the office knows each record's arrival", not waiting, f"not known: {some(waiting)}")


def outage_noticed(scenario: Scenario, history: History) -> Finding:
    """The outage opens and closes by itself, close to when it was."""
    begins, ends = history.outage_began, history.outage_ended
    away = [link.at for link in history.links if link.state != "ONLINE" and link.at >= begins]
    back = [link.at for link in history.links if link.state == "ONLINE" and link.at >= ends]
    early = [link.at for link in history.links if link.state == "OFFLINE" and link.at < begins]
    opened = bool(away) and away[0] - begins <= NOTICED_WITHIN and not early
    closed = bool(back) and back[0] - ends <= NOTICED_WITHIN
    zone = begins.tzinfo
    seen_away = f"{away[0].astimezone(zone):%H:%M}" if away else "never"
    seen_back = f"{back[0].astimezone(zone):%H:%M}" if back else "never"
    saw = f"{seen_away} to {seen_back}"
    return Finding("the outage noticed and its end, by itself", opened and closed, saw)


def board_tells(scenario: Scenario, history: History) -> Finding:
    """The waiting room's board says what can be done, from soon after the beginning until soon after the end."""
    begins, ends = history.outage_began + NOTICED_WITHIN, history.outage_ended - CLOCKS_DIFFER
    away = "OFFLINE_RECORDING" if history.record_offline else "PAUSED"
    inside = {seen.mode for seen in history.boards if begins <= seen.at < ends}
    outside = {
        seen.mode
        for seen in history.boards
        if seen.at < history.outage_began or seen.at > history.outage_ended + NOTICED_WITHIN
    }
    saw = (
        f"{', '.join(sorted(inside)) or 'nothing'} inside, {', '.join(sorted(outside)) or 'nothing'} outside"
    )
    return Finding("the board tells how it is", inside == {away} and outside == {"NORMAL"}, saw)


def ledger_tells(scenario: Scenario, history: History) -> Finding:
    """The ledger has this one outage of the day, opened and closed to the minutes in which it was noticed."""
    outages = [outage for outage in history.outages if _of_the_day(outage, history)]
    saw = "; ".join(_told(outage, history) for outage in outages) or "no outage"
    exact = [
        abs(datetime.fromisoformat(outage["since"]) - history.outage_began) <= NOTICED_WITHIN
        and outage["until"] is not None
        and abs(datetime.fromisoformat(outage["until"]) - history.outage_ended) <= NOTICED_WITHIN
        for outage in outages
    ]
    return Finding("the ledger has the outage, from beginning to end", exact == [True], saw)


def _of_the_day(outage: dict[str, Any], history: History) -> bool:
    zone = history.outage_began.tzinfo
    return datetime.fromisoformat(outage["since"]).astimezone(zone).date() == history.day


def _told(outage: dict[str, Any], history: History) -> str:
    zone = history.outage_began.tzinfo
    times = [outage["since"], outage["until"]]
    shown = [f"{datetime.fromisoformat(at).astimezone(zone):%H:%M}" if at else "now" for at in times]
    return f"{outage['hop'].lower()} {shown[0]} to {shown[1]}"
