"""The fixtures as another project's tests would use them, and what a failing test shows."""

import pytest

FAILING = """
    from shared.testing.proxy import Cut

    def test_that_fails(chaos_seed, tcp_proxy):
        hop = tcp_proxy(9)
        hop.cause(Cut())
        assert chaos_seed == 0
"""


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    scope = "asyncio_default_fixture_loop_scope=function"
    return pytester.runpytest("-p", "shared.testing.plugin", "-o", scope, *options)


def test_a_failing_test_shows_its_seed_and_the_command_that_replays_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(FAILING)
    result = run(pytester, "--chaos-seed", "42")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*again: pytest --chaos-seed 42 'test_*::test_that_fails'"])


def test_a_new_seed_is_drawn_each_time(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        SEEN = []
        def test_one(chaos_seed): SEEN.append(chaos_seed)
        def test_two(chaos_seed): assert chaos_seed not in SEEN
        """
    )
    run(pytester).assert_outcomes(passed=2)
