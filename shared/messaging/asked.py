"""What a consumer has asked its publisher for and may still get. Asked for twice it comes twice, and behind it waits
what is asked for next: under load such copies beget copies until the two do nothing else.

A question for marks goes the way of the requests that were made before it, through both queues, and its answer comes
behind what they brought. So a request may be made again when a question that left after it is answered, and the
publisher had nothing left by then of what there was when it was made.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.contracts.marks import MarksTold
from shared.ids import new_id

UNANSWERED = 64
"""Questions whose answer is still waited for; they are transient, and some never get one."""

GIVEN_UP_AFTER = 20
"""Questions, ten minutes: a request that no answer speaks of is made again, whatever the reason. The answers may all
have gone to another replica, or come from a publisher that does not say which question they answer."""


@dataclass(frozen=True)
class Request:
    """When something was asked for."""

    questions: int
    """How many questions had been put."""
    top: int
    """The publisher's last row, as far as it was known."""


class Asked:
    """One consumer's requests. After a restart it knows of none, and what is missing is asked for once more."""

    def __init__(self) -> None:
        self._questions = 0
        self._unanswered: dict[str, int] = {}
        self._requests: dict[str, Request] = {}
        self._top = 0

    def __contains__(self, subject: str) -> bool:
        """Whether events of this aggregate may be on their way."""
        return subject in self._requests

    def add(self, subjects: Iterable[str]) -> None:
        """They were asked for; call it after the commit."""
        self._requests.update(dict.fromkeys(subjects, Request(self._questions, self._top)))

    def question(self, *, requests_left: bool) -> str:
        """The name of a question that is put now. `requests_left` says that no request waits in our own outbox."""
        self._questions += 1
        if not requests_left:
            self.add(self._requests)  # the question overtakes them
        self._requests = {
            subject: each
            for subject, each in self._requests.items()
            if self._questions - each.questions <= GIVEN_UP_AFTER
        }
        name = new_id()
        self._unanswered[name] = self._questions
        if len(self._unanswered) > UNANSWERED:
            del self._unanswered[next(iter(self._unanswered))]
        return name

    def heard(self, told: MarksTold) -> None:
        """An answer is here; those to other replicas of ours say nothing of our requests."""
        self._top = max(self._top, told.top)
        question = self._unanswered.pop(told.question, 0) if told.question else 0
        self._requests = {
            subject: each
            for subject, each in self._requests.items()
            if each.questions >= question or (told.waiting is not None and told.waiting <= each.top)
        }
