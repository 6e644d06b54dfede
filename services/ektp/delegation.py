"""Commands whose code is loaded only when they are called: `ektp token` need not wait for the replay's imports."""

from collections.abc import Sequence
from importlib import import_module

import typer

FORWARD = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def call_function(name: str, module: str, function: str, arguments: Sequence[str]) -> None:
    """Run a typer-annotated function as a command of its own with these arguments."""
    app = typer.Typer(add_completion=False)
    app.command()(getattr(import_module(module), function))
    _run(app, name, arguments)


def call_app(name: str, module: str, arguments: Sequence[str]) -> None:
    """Run the typer `app` of a module with these arguments."""
    app: typer.Typer = import_module(module).app
    _run(app, name, arguments)


def _run(app: typer.Typer, name: str, arguments: Sequence[str]) -> None:
    """Run it inside this command; what it exits with (a verdict, Ctrl-C) is what this command exits with."""
    code = app(args=list(arguments), prog_name=f"ektp {name}", standalone_mode=False)
    if isinstance(code, int) and code:
        raise typer.Exit(code)
