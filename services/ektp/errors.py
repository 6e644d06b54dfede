"""What a command tells its user when it can't do what was asked: one line and an exit code."""


class CommandFailed(Exception):
    """The command can't go on; the message is one line that says why and, where it can, what to do."""

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
