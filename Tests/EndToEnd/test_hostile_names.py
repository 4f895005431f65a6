"""Odd run ids, references, limits, cursors and names: refused, and nothing is stored or reached."""

import numpy
import pytest

from replay import assert_target_is_untouched, refs, send_rows, start, tiny_step
from wire import Producer, RpcError


@pytest.fixture(autouse=True)
def unharmed(target):
    yield
    assert_target_is_untouched(target)


BAD_RUNS = [
    "",
    ".",
    "..",
    "../x",
    "a/../b",
    "a/b",
    "/etc/passwd",
    ".hidden",
    "-dash",
    "_x",
    "a b",
    "a\nb",
    "a\u0000b",
    "é",
    "a..b",
    "x" * 129,
    "a%2fb",
    "images",
    "C:\\x",
    "run?",
    "run#1",
    "h5://a",
    "~",
]


@pytest.mark.parametrize("run_id", BAD_RUNS, ids=repr)
def test_odd_run_ids_are_refused_everywhere(target, run_id):
    with target.connect() as connection:
        assert connection.refusal("runs.start", {"run_id": run_id}).final
        params = {"run_id": run_id, "steps": [tiny_step(0, "odd")], "producer": Producer(connection).id, "seq": 1}
        assert connection.refusal("steps.append", params).final
    files = {path.name for path in (target.data / "replay").iterdir()}
    assert {name for name in files if not name.startswith(("target", "images", "open-files"))} == set(), f"files left: {files}"
    escaped = [path.name for path in target.data.parent.iterdir() if path.suffix == ".h5"]
    assert escaped == []


@pytest.mark.parametrize("run_id", ["A", "0", "a.b-c_d", "x" * 128, "9.9.9"])
def test_run_ids_at_the_edges_of_the_rule_are_taken(make_server, run_id):
    with make_server().connect() as connection:
        start(connection, run_id)
        send_rows(connection, run_id, [tiny_step(0, observation=numpy.eye(3))])
        [found] = connection.call("frames.resolve", {"refs": refs(run_id, "observations", [0])})["frames"]
        assert found.tolist() == numpy.eye(3).tolist()


BAD_REFERENCES = [
    "",
    "h5://",
    "h5://target",
    "h5://target/frames",
    "h5://target/frames/",
    "h5://target/frames/-1",
    "h5://target/frames/+1",
    "h5://target/frames/01",
    "h5://target/frames/1 ",
    " h5://target/frames/1",
    "h5://target/frames/1\n",
    "h5://target/frames/1/",
    "h5://target/frames/1?x",
    "h5://target//1",
    "h5:///frames/1",
    "h5://../frames/1",
    "h5://target/../target/frames/1",
    "h5://a..b/frames/1",
    "h5://target/fra/mes/1",
    "h5://target/9frames/1",
    "h5://target/frames-x/1",
    "h5://target/frames/9223372036854775808",
    "h5://target/frames/99999999999999999999999",
    "h5://target/frames/1e3",
    "h5://target/frames/0x1",
    "h5://target/frames/١",
    "h5://target/frames/１",
    "H5://target/frames/1",
    "http://target/frames/1",
    "file:///etc/passwd",
    "h5://target/frames/1\u0000",
    "h5://tärget/frames/1",
    "h5://target/främe/1",
    "h5://target/" + "d" * 65 + "/1",
    "h5://" + "r" * 129 + "/frames/1",
    "x" * 1_000_000,
]


def test_bad_references_are_invalid(target):
    with target.connect() as connection:
        for reference in BAD_REFERENCES:
            refused = connection.refusal("frames.resolve", {"refs": ["h5://target/frames/0", reference]})
            assert refused.kind == "invalid_reference", f"{reference[:80]!r}: {refused}"
            refused = connection.refusal("frames.resolve", {"refs": [reference], "missing": "null"})
            assert refused.kind == "invalid_reference", f"{reference[:80]!r} is no missing row: {refused}"
        largest = "h5://target/frames/9223372036854775807"
        assert connection.refusal("frames.resolve", {"refs": [largest]}).kind == "not_found"
        for dataset in ("nothing", "rewards.", "episodes", "_", "d" * 64):
            assert connection.refusal("frames.resolve", {"refs": [f"h5://target/{dataset}/0"]}).kind == "not_found"


@pytest.mark.parametrize("limit", [0, -1, 2**31, 2**63 - 1, 2**63, 1e300, "10", 1.5, True], ids=str)
def test_odd_limits_are_answered_or_refused(target, limit):
    with target.connect() as connection:
        for method, params in (
            ("runs.list", {}),
            ("episodes.list", {}),
            ("episodes.steps", {"run_id": "target"}),
            ("labels.next", {}),
            ("labels.list", {}),
            ("metrics.query", {"table": "training_metrics"}),
        ):
            try:
                result = connection.call(method, params | {"limit": limit})
            except RpcError as refused:
                assert refused.kind in ("invalid_params", "result_too_large"), f"{method}: {refused}"
            else:
                assert isinstance(limit, int) and limit is not True, f"{method} took limit {limit!r}: {result}"


@pytest.mark.parametrize(
    "cursor", ["", "x", "AAAA", "%00", "e30=", "🙂", "A" * 100_000, 7, {}, []], ids=lambda value: str(value)[:10]
)
def test_made_up_cursors_are_refused(target, cursor):
    with target.connect() as connection:
        for method, params in (("runs.list", {}), ("episodes.list", {}), ("episodes.steps", {"run_id": "target"})):
            refused = connection.refusal(method, params | {"cursor": cursor})
            assert refused.kind == "invalid_params", f"{method} with cursor {cursor!r}: {refused}"


def test_names_cannot_carry_sql(target):
    with target.connect() as connection:
        for where in ({"1=1; DROP TABLE labels": 1}, {"metric_name": {"$ne": 1}}, {"rowid": 1}):
            params = {"table": "training_metrics", "where": where}
            assert connection.refusal("metrics.query", params).kind in ("invalid_params", "unknown_column"), str(where)
        for table in ("labels", "sqlite_master", "training_metrics; --", "", 7):
            refused = connection.refusal("metrics.query", {"table": table})
            assert refused.kind in ("invalid_params", "unknown_table"), f"table {table!r}: {refused}"
        for order in ("reward; --", "", 7):
            assert connection.refusal("episodes.list", {"order": order}).kind == "invalid_params", str(order)
