"""Batches: what is planned, what is run, and what is said of it."""

import sys

import numpy
import pytest

import holdfast
from holdfast.lineage import BaseVariable, Columns, Fixed, existing, for_each, product, thunk, use, why, zipped


class Signal(BaseVariable):
    pass


class Calibration(BaseVariable):
    pass


class Filtered(BaseVariable):
    pass


class Table(BaseVariable):
    pass


@thunk
def filtered(signal, calibration, gain=1.0):
    sys.holdfast_ran(signal)
    if signal[0] < 0:
        raise ValueError("negative")
    return signal * calibration * gain


@thunk
def total(x):
    return float(x.sum()) if isinstance(x, numpy.ndarray) else sorted(x)


@pytest.fixture
def ran(client, monkeypatch):
    calls = []
    monkeypatch.setattr(sys, "holdfast_ran", calls.append, raising=False)
    client.variables.schema([{"name": "subject", "type": "integer"}, {"name": "session", "type": "string"}])
    use(client)
    yield calls
    use(None)


@pytest.fixture
def signals(ran):
    for subject in (1, 2):
        for session in ("A", "B"):
            Signal.save(numpy.arange(3.0) + subject + (session == "B") * 10, subject=subject, session=session)
        Calibration.save(numpy.array([float(subject)]), subject=subject, session="A")


def batch(where=None, **constants):
    inputs = {"signal": Signal, "calibration": Fixed(Calibration, session="A")}
    return for_each(filtered, inputs, [Filtered], where or product(subject=[1, 2], session=["A", "B"]), constants)


def test_a_batch_is_planned_run_and_then_a_hit(ran, signals, client, monkeypatch):
    called = []
    call = client.call

    def recorded(method, params=None, timeout=None):
        called.append((method, params))
        return call(method, params, timeout)

    monkeypatch.setattr(client, "call", recorded)
    plan = batch().plan()
    assert plan.counts == {"run": 4} and plan.entries[0].why == "there is no Filtered yet"
    assert batch().run(dry_run=True).counts == {"run": 4} and not ran
    assert all(method != "variables.load" and params.get("values") is not True for method, params in called)
    report = batch().run(parallel=3)
    assert report.counts == {"done": 4} and report.is_complete and len(ran) == 4
    assert numpy.array_equal(Filtered.load(subject=2, session="B").data, (numpy.arange(3.0) + 12) * 2)
    assert batch().plan().counts == {"hit": 4} and batch().run().counts == {"hit": 4} and len(ran) == 4
    assert batch().run().entries[0].record_ids == report.entries[0].record_ids


def test_only_what_changed_runs_again_and_why(ran, signals):
    batch().run()
    Signal.save(numpy.arange(3.0), subject=1, session="B")
    plan = batch().plan()
    assert plan.counts == {"hit": 3, "run": 1}
    assert plan.of("run")[0].metadata == {"subject": 1, "session": "B"} and "input: signal changed" in plan.of("run")[0].why
    assert batch().run().counts == {"hit": 3, "done": 1} and len(ran) == 5
    assert [change.name for change in why(Filtered.load(subject=1, session="B"))] == ["signal"]
    plan = batch(gain=2.0).plan()
    assert plan.counts == {"run": 4} and plan.entries[0].why == "constant: gain changed from 1.0 to 2.0"


def test_missing_inputs_are_named(ran, signals):
    report = batch(product(subject=[1, 3], session=["A"])).run()
    assert report.counts == {"missing": 1, "done": 1}
    assert report.of("missing")[0].why == "input signal: no Signal at subject=3, session='A'"
    plan = for_each(total, {"x": Signal}, [Table], [{"subject": 1}]).plan()
    assert "2 locations of Signal fit" in plan.entries[0].why


def test_one_that_fails_stops_no_other(ran, signals):
    Signal.save(-numpy.ones(3), subject=1, session="A")
    report = batch().run()
    assert report.counts == {"done": 3, "failed": 1} and report.of("failed")[0].why == "ValueError: negative"
    with pytest.raises(ValueError, match="negative"):
        report.raise_first()
    assert "1 failed" in str(report)
    Signal.save(numpy.ones(3), subject=1, session="A")
    assert batch().run().counts == {"hit": 3, "done": 1}, "the next run computes the rest"


def test_stop_on_error_skips_the_rest(ran, signals):
    Signal.save(-numpy.ones(3), subject=1, session="A")
    report = batch().run(stop_on_error=True)
    assert report.counts == {"failed": 1, "skipped": 3} and len(ran) == 1


def test_combinations(ran, signals):
    assert zipped(subject=[1, 2], session=["A", "B"]) == [{"subject": 1, "session": "A"}, {"subject": 2, "session": "B"}]
    with pytest.raises(holdfast.HoldfastError, match="as many values"):
        zipped(subject=[1], session=[])
    assert product(subject=range(2), session="AB", run=7) == [{"subject": n, "session": "AB", "run": 7} for n in (0, 1)]
    assert zipped(subject=[1], session="AB") == [{"subject": 1, "session": "AB"}]
    assert batch(existing()).run().counts == {"done": 4}
    assert batch(existing("subject")).combinations == [{"subject": 1}, {"subject": 2}]
    Signal.save(numpy.zeros(1), subject=9, session="C")
    assert [entry.status for entry in batch(existing("subject", "session")).plan()] == ["hit"] * 4 + ["missing"]


def test_columns_are_picked(ran):
    Table.save({"a": numpy.arange(3.0), "b": numpy.ones(3), "c": numpy.zeros(3)}, subject=1, session="A")
    where = [{"subject": 1, "session": "A"}]
    assert for_each(total, {"x": Columns(Table, "a")}, [Filtered], where).run().counts == {"done": 1}
    assert Filtered.load().data == 3.0
    assert for_each(total, {"x": Columns(Table, "a")}, [Filtered], where).plan().counts == {"hit": 1}
    assert for_each(total, {"x": Columns(Table, "a", "b")}, [Filtered], where).run().counts == {"done": 1}
    assert Filtered.load().data == ["a", "b"]
    failed = for_each(total, {"x": Columns(Table, "z")}, [Filtered], where).run()
    assert "no column z" in failed.entries[0].why


def test_the_same_computed_elsewhere_is_saved_without_running(ran, signals):
    batch().run()
    for session in ("A", "B"):
        Signal.save(numpy.arange(3.0) + 1, subject=1, session=session)
    count = len(ran)
    plan = batch().plan()
    assert plan.counts == {"hit": 4} and plan.entries[1].why == "the same was computed elsewhere"
    assert batch().run().counts == {"hit": 4} and len(ran) == count
    assert numpy.array_equal(Filtered.load(subject=1, session="B").data, numpy.arange(3.0) + 1)


def test_a_bar_only_when_asked_or_on_a_terminal(ran, signals, capsys):
    batch().run()
    assert capsys.readouterr().err == ""
    batch().run(progress=True)
    assert "4/4" in capsys.readouterr().err


def test_another_schema_version_is_computed_again(ran, signals, monkeypatch):
    batch().run()
    monkeypatch.setattr(Filtered, "schema_version", 2)
    plan = batch().plan()
    assert plan.counts == {"run": 4} and plan.entries[0].why.endswith("has schema version 1")
    assert batch().run().counts == {"done": 4} and len(ran) == 8
    assert batch().run().counts == {"hit": 4} and len(ran) == 8


def test_several_outputs_are_saved_side_by_side(ran, signals):
    both = thunk(outputs=2)(extremes)
    made = for_each(both, {"signal": Signal}, [Filtered, Table], existing())
    assert made.run().counts == {"done": 4}
    Table.delete(subject=1, session="A")
    plan = made.plan()
    assert plan.counts == {"hit": 3, "run": 1} and plan.of("run")[0].why == "there is no Table yet"
    assert made.run(parallel=2).counts == {"hit": 3, "done": 1}
    with pytest.raises(holdfast.HoldfastError, match="2 outputs, 1 variable is given"):
        for_each(both, {"signal": Signal}, [Filtered], existing())


def extremes(signal):
    return signal.min(), signal.max()


def test_an_evicted_output_is_computed_again_and_an_evicted_input_is_missing(ran, client):
    for value in (1.0, 2.0):
        Signal.save(numpy.array([value]), subject=1, session="A")
    where = product(subject=[1], session=["A"])
    summed = lambda: for_each(total, {"x": Signal}, [Table], where)  # noqa: E731
    record = summed().run().entries[0].record_ids[0]
    client.variables.collect(keep_latest=0, grace_seconds=0)
    with pytest.raises(holdfast.ServerError, match="evicted"):
        Table.load(subject=1, session="A")
    assert summed().plan().entries[0].why == f"the value of Table {record} was evicted"
    assert summed().run().counts == {"done": 1} and Table.load(subject=1, session="A").data == 2.0
    Table.delete(subject=1, session="A")
    client.variables.collect(keep_latest=0, grace_seconds=0, originals=True)
    with pytest.raises(holdfast.HoldfastError, match="evicted"):
        list(Signal.load_all())
    entry = summed().plan().entries[0]
    assert entry.status == "missing" and "was evicted" in entry.why


def test_a_hundred_workers_at_one_combination_compute_it_once(ran, client):
    Signal.save(numpy.arange(3.0), subject=1, session="A")
    Calibration.save(numpy.ones(1), subject=1, session="A")
    report = batch([{"subject": 1, "session": "A"}] * 100).run(parallel=100)
    assert len(ran) == 1 and report.counts["done"] == 1 and report.is_complete
    assert len({entry.record_ids[0] for entry in report}) == 1
