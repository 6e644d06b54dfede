"""Every verb of `ektp central`, gathered."""

import typer

from services.ektp.central import alone, faults, journal, judging, outages, recordings, scenarios
from services.ektp.central.watch import command as watch

app = typer.Typer(
    help="Make the centre fail on command, watch it, and prove afterwards what it cost.",
    no_args_is_help=True,
)
app.command()(outages.offline)
app.command()(outages.online)
app.command()(outages.state)
app.command()(watch.watch)
app.add_typer(faults.app, name="fault")
app.add_typer(faults.app, name="faults", hidden=True)
app.command()(faults.clear)
app.add_typer(scenarios.app, name="scenario")
app.add_typer(scenarios.app, name="scenarios", hidden=True)
app.command()(journal.journal)
app.command()(judging.verify)
app.command()(judging.behaviour)
app.command()(recordings.recording)
app.command()(recordings.replay)
app.command()(recordings.seed)
app.command()(recordings.audit)
app.command()(recordings.reset)
app.command()(alone.serve)
app.command("sample-record")(alone.sample_record)
