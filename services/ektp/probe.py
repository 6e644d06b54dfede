"""A container's health check with nothing but Python: exit code 0 when the URL answers 200."""

import sys
import urllib.request

TIMEOUT = 3.0


def main(arguments: list[str]) -> int:
    """`python -m services.ektp.probe URL`."""
    try:
        with urllib.request.urlopen(arguments[0], timeout=TIMEOUT) as answer:  # noqa: S310  # our own URL
            return 0 if answer.status == 200 else 1
    except (OSError, IndexError, ValueError) as error:
        print(error or "give a URL", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
