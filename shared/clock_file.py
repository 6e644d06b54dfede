"""Where a demo's clock setting is kept, so that a service killed in the middle of a replay wakes in the same day."""

import json
import time
from datetime import datetime, timedelta
from pathlib import Path

from shared.clock import SystemClock


def save_clock(path: Path, clock: SystemClock) -> None:
    """Keep what the clock shows now; real time keeps nothing."""
    if clock.start is None:
        path.unlink(missing_ok=True)
        return
    kept = {"shown": clock.now().isoformat(), "speed": clock.speed, "at": time.time()}
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_suffix(".new")  # a service killed while it writes must find the old setting or the new
    whole.write_text(json.dumps(kept))
    whole.replace(path)


def restore_clock(path: Path, clock: SystemClock) -> bool:
    """Set the clock to where it would be had it never stopped; False when nothing readable was kept."""
    if not path.exists():
        return False
    try:
        kept = json.loads(path.read_text())
        gone = (time.time() - kept["at"]) * kept["speed"]
        shown = datetime.fromisoformat(kept["shown"]) + timedelta(seconds=gone)
    except (ValueError, KeyError, TypeError, OverflowError):
        return False  # a demo's clock is not worth a service that can't start
    clock.set(shown, kept["speed"])
    return True
