from services.ektp.launch.backoff import FIRST_DELAY, LONGEST_DELAY, STEADY_AFTER, Backoff


def test_quick_deaths_wait_longer_each_time_up_to_a_cap() -> None:
    backoff = Backoff()
    delays = [backoff.after(0.1) for _ in range(20)]
    assert delays[:4] == [FIRST_DELAY, 1.0, 2.0, 4.0]
    assert delays == sorted(delays)
    assert delays[-1] == LONGEST_DELAY


def test_a_process_that_ran_well_starts_again_soon() -> None:
    backoff = Backoff()
    for _ in range(10):
        backoff.after(0.1)
    assert backoff.after(STEADY_AFTER) == FIRST_DELAY
    assert backoff.after(0.1) == 2 * FIRST_DELAY
