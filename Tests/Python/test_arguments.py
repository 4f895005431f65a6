"""What is given wrong: the error, or of what is logged the report, names the argument, what it was and what is expected."""

import math

import numpy
import pytest

import holdfast
from holdfast import HoldfastError, Options


def refusal(call, *arguments, **named):
    """What a call is refused with."""
    with pytest.raises(HoldfastError) as refused:
        call(*arguments, **named)
    assert refused.value.code == "invalid_value"
    return str(refused.value)


SECONDS = "it is a number of seconds above 0"


@pytest.mark.parametrize(
    "name, value, told",
    [
        ("metrics_when_full", "blok", '"blok"; it is "block" or "drop"'),
        ("steps_when_full", None, 'None; it is "block" or "drop"'),
        ("resources_when_full", [1], '[1]; it is "block" or "drop"'),
        ("batch_records", -1, "-1; it is a whole number from 1"),
        ("batch_records", 1.5, "1.5; it is a whole number from 1"),
        ("batch_bytes", "8M", '"8M"; it is a whole number from 1'),
        ("largest_batch_records", 0, "0; it is a whole number from 1"),
        ("spool_bytes", 1, "1; it is a whole number from 65536"),
        ("spool_segment_bytes", math.inf, "inf; it is a whole number from 65536"),
        ("requests_in_flight", 0, "0; it is a whole number from 1"),
        ("bytes_in_flight", None, "None; it is a whole number from 1"),
        ("batch_delay", "5", f'"5"; {SECONDS}'),
        ("request_timeout", 0, f"0; {SECONDS}"),
        ("connect_timeout", math.nan, f"nan; {SECONDS}"),
        ("first_retry_delay", None, f"None; {SECONDS}"),
        ("longest_retry_delay", -1, f"-1; {SECONDS}"),
        ("heartbeat_interval", math.inf, "inf; it is at most 1e+09 seconds"),
        ("start_timeout", -0.5, "-0.5; it is a number of seconds from 0"),
        ("resource_interval", "x", f'"x"; {SECONDS}, or None: not at all'),
        ("resource_interval", 0, f"0; {SECONDS}, or None: not at all"),
        ("sends_left_spools", "False", '"False"; it is True or False'),
        ("flushes_on_termination", 2, "2; it is True or False"),
        ("client_name", 5, "5; it is a text such as name/version"),
        ("on_problem", 5, "5; it is a function that takes a DeliveryProblem, or None"),
    ],
)
def test_options_that_cannot_be_are_refused(name, value, told):
    assert refusal(Options, **{name: value}) == f"Options.{name} is {told}"


def test_options_that_were_changed_are_checked_when_they_are_used(quick):
    quick.batch_records = 0
    assert "Options.batch_records is 0" in refusal(holdfast.init, "r", options=quick)
    assert refusal(holdfast.init, "r", options={}) == "options is {}; it is a holdfast.Options"
    assert refusal(holdfast.init, "r", on_problem=5).startswith("on_problem is 5; it is a function")


def test_the_smallest_options_deliver_all(address, client):
    options = Options(
        batch_records=numpy.int64(1), batch_bytes=1, batch_delay=0.001, largest_batch_records=1.0, spool_bytes=1 << 16,
        spool_segment_bytes=1 << 16, requests_in_flight=1, bytes_in_flight=1, resource_interval=None, start_timeout=5,
    )  # fmt: skip
    with holdfast.init("r", server=address, options=options) as run:
        for step in range(50):
            run.log({"loss": step}, step=step)
            run.log_step("r/0", step, reward=0, frame=numpy.zeros(20_000, numpy.uint8))
        run.flush()
    assert client.episodes.get("r/0")["steps"] == 50 and len(list(client.metrics.all(run_id="r"))) == 50
