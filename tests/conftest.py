"""The harness's fixtures, `chaos_trio` and the others in docs/testing.md, for every test that asks for them."""

pytest_plugins = ["shared.testing.plugin", "pytester"]
