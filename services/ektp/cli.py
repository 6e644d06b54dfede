"""`ektp`: every command of the people who run the trio. Errors are one line and an exit code."""

import os
import sys
from typing import Annotated

import typer
from pydantic import ValidationError
from typer.exceptions import TyperException

from services.ektp import delegation
from services.ektp.central import command as central
from services.ektp.errors import CommandFailed
from services.ektp.running import find_trio
from services.ektp.settings import TrioSettings

app = typer.Typer(
    help="Sets up, runs and watches the trio: queue_api, enrolment_api and the centre they send to.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
day = typer.Typer(help="Whole days of an office.", no_args_is_help=True)
app.add_typer(central.app, name="central")
app.add_typer(day, name="day")


@app.command()
def run() -> None:
    """Set up what is missing, start the trio and stay in the foreground; Ctrl-C stops everything."""
    from services.ektp.launch.foreground import (
        run_trio,
    )  # alembic and the supervisor cost other commands 0.5 s

    run_trio(TrioSettings())


@app.command()
def setup(
    broker_only: Annotated[bool, typer.Option("--broker-only", help="Only RabbitMQ's programs.")] = False,
) -> None:
    """Get RabbitMQ if needed, make keys, migrate the databases; does nothing twice."""
    from services.ektp.setup.steps import ensure_broker, prepare

    settings = TrioSettings()
    ensure_broker(settings, typer.echo, even_if_given=broker_only)
    if broker_only:
        return
    prepare(settings)
    typer.echo(f"Ready to run; state and keys are in {settings.root}")


@app.command()
def migrate() -> None:
    """Bring the databases of all services to their newest schema."""
    from services.ektp.setup.databases import migrate_all

    settings = TrioSettings()
    settings.root.mkdir(parents=True, exist_ok=True)
    migrate_all(settings.database_urls)
    typer.echo("All databases are at their newest schema.")


@app.command()
def token(
    role: Annotated[list[str], typer.Option(help="What the bearer is; can be given more than once.")],
    office: Annotated[
        list[str] | None, typer.Option(help="Kemendagri code, e.g. 33.13.07; repeatable.")
    ] = None,
    hours: Annotated[float, typer.Option(min=0.01, help="How long the token is valid.")] = 12.0,
    subject: Annotated[str, typer.Option(help="Staff id the token names.")] = "cli",
) -> None:
    """Print a bearer token and nothing else."""
    print(find_trio(TrioSettings()).token(role, office or (), subject=subject, hours=hours))


@app.command()
def status() -> None:
    """Services, link to the centre, backlog, oldest unsent record and outages, in one table."""
    from services.ektp.status import show_status

    show_status(find_trio(TrioSettings()))


@app.command("api-documents")
def api_documents(
    check: Annotated[bool, typer.Option("--check", help="Only say whether they are stale.")] = False,
) -> None:
    """Write docs/api (OpenAPI of each service, AsyncAPI of the events) from the code."""
    from services.ektp.api_documents import check_documents, write_documents  # all services: 2 s

    if check:
        check_documents()
    else:
        typer.echo("\n".join(write_documents()) or "Nothing has changed.")


@day.command("replay", context_settings=delegation.FORWARD)
def day_replay(context: typer.Context) -> None:
    """Play an office's day against the running trio."""
    delegation.call_function("day replay", "services.ektp.replay.command", "replay", context.args)


@app.command(context_settings=delegation.FORWARD)
def demo(context: typer.Context) -> None:
    """Play both days of the news reports, starting a trio when none is running."""
    delegation.call_function("demo", "services.ektp.replay.command", "demo", context.args)


@app.command(context_settings=delegation.FORWARD)
def bench(context: typer.Context) -> None:
    """Measure speed and memory as ratios in one run."""
    delegation.call_function("bench", "services.ektp.bench.command", "bench", context.args)


@app.command(context_settings=delegation.FORWARD)
def parked(context: typer.Context) -> None:
    """List the parking queues of the broker and replay what lies in them."""
    delegation.call_app("parked", "services.ektp.parked", context.args)


@app.command(context_settings=delegation.FORWARD)
def staff(context: typer.Context) -> None:
    """Say who may sign in: list, add and remove accounts."""
    delegation.call_app("staff", "services.ektp.staff", context.args)


def main() -> None:
    """Run a command; EKTP_DEBUG=1 shows where an error came from."""
    os.umask(0o077)  # databases hold what is personal, keys open it: for their owner alone
    try:
        code = app(standalone_mode=False)
    except BaseException as error:
        if os.environ.get("EKTP_DEBUG") == "1":
            raise
        sys.exit(report(error))
    sys.exit(code if isinstance(code, int) else 0)


def report(error: BaseException) -> int:
    """Say in one line what went wrong; the exit code."""
    match error:
        case SystemExit():
            return error.code if isinstance(error.code, int) else 1
        case typer.Exit():
            return error.exit_code
        case KeyboardInterrupt() | typer.Abort():
            message, code = "stopped", 130
        case TyperException():
            message, code = error.format_message(), error.exit_code
        case CommandFailed():
            message, code = str(error), error.code
        case ValidationError():
            message, code = f"Settings: {_settings_at_fault(error)}", 2
        case BrokenPipeError():
            return 0
        case _:
            message, code = f"{type(error).__name__}: {error}; EKTP_DEBUG=1 shows where", 70
    if message:  # a bare `ektp central` has shown its help already
        print(f"ektp: {' '.join(message.split())}", file=sys.stderr)
    return code


def _settings_at_fault(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors())
