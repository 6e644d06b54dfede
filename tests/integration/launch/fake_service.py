"""A service with nothing in it but what the supervisor sees: a port, readiness, lines of log, a way to end."""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health/ready" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name
        """Say nothing per request."""


if __name__ == "__main__":
    if os.environ.get("FAKE_DIES") == "1":
        sys.exit("cannot start: no reason")
    print(f"hello from {os.getpid()}")
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Answers).serve_forever()
