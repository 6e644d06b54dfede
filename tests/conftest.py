"""The harness's fixtures, `chaos_trio` and the others in docs/testing.md, for every test that asks for them."""

import gc

pytest_plugins = ["shared.testing.plugin", "pytester"]

# Two thousand tests and what they import stay until the end: to look through them again and again for garbage, while
# they are collected and at every turn afterwards, took a quarter of the collection and a tenth of the tests.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
