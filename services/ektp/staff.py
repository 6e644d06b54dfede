"""`ektp staff`: who may sign in. enrolment_api reads the file at each start."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.ektp.errors import CommandFailed
from services.ektp.settings import TrioSettings
from shared.keys import Credential, new_password, put_account, read_staff, remove_account
from shared.security import Role

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.command("list")
def list_all() -> None:
    """Show the accounts with their roles and offices."""
    table = Table("user", "roles", "offices")
    for each in read_staff(TrioSettings().keys):
        table.add_row(each["username"], ", ".join(each["roles"]), ", ".join(each["offices"]))
    Console().print(table)


@app.command()
def add(
    username: Annotated[str, typer.Argument(help="The staff id; it stands in every timeline.")],
    role: Annotated[list[Role], typer.Option(help="Repeatable.")],
    office: Annotated[list[str] | None, typer.Option(help="Kemendagri code; repeatable.")] = None,
) -> None:
    """Add an account, or renew one, and print its new password once."""
    settings = TrioSettings()
    if not settings.keys.exists():
        raise CommandFailed(f"No keys in {settings.keys}; `ektp setup` makes them, or set EKTP_HOME")
    password = new_password()
    roles = tuple(each.value for each in role)
    put_account(settings.keys, Credential(username, password, roles, tuple(office or ())))
    typer.echo(password)
    typer.echo("Restart enrolment_api to let it know.", err=True)


@app.command()
def remove(username: str) -> None:
    """Take an account out; tokens it already has live until they expire."""
    if not remove_account(TrioSettings().keys, username):
        raise CommandFailed(f"no account {username}")
