"""`python -m tests.chaos.planted <bug> <service>`: the service with one bug, as a careless change could bring it in.

The product holds none of these: they are put into the process from outside, before its `main` runs.
"""

import importlib
import runpy
import sys


def main() -> None:
    """Plant and serve."""
    bug, service = sys.argv[1:]
    importlib.import_module(f"tests.chaos.planted.{bug}").plant()
    sys.argv = [service]
    runpy.run_module(service, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
