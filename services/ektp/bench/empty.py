"""The yardstick of a request: a FastAPI handler that reads a body, answers a model, and stores nothing.

`python -m services.ektp.bench.empty PORT` serves it as our services are served.
"""

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Question(BaseModel):
    """What an empty request may say."""

    note: str = ""


class Answer(BaseModel):
    """As much as an answer of ours says."""

    id: str
    status: str
    note: str


@app.post("/v1/nothing/{record_id}/complete")
async def nothing(record_id: str, question: Question) -> Answer:
    """Do nothing."""
    return Answer(id=record_id, status="BIO_CAPTURED", note=question.note)


if __name__ == "__main__":
    uvicorn.run(
        app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_config=None, server_header=False
    )
