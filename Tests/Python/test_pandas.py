"""What the client has for pandas: metrics, episodes and variables as DataFrames."""

import numpy
import pandas
import pytest

from holdfast import HoldfastError
from holdfast.lineage import BaseVariable, thunk, use
from holdfast.lineage.identity import Graph


class Table(BaseVariable):
    """Loads as what the client has."""


class Frame(BaseVariable):
    """Loads as a DataFrame."""

    as_frame = True


@pytest.fixture(autouse=True)
def current(client):
    use(client)
    yield
    use(None)


def test_columns_become_a_data_frame(run):
    run.log({"loss": 0.5}, step=1)
    run.log({"loss": float("nan")})
    run.log_step("r/0", 0, reward=1, action=2)
    run.flush()
    metrics, episodes = run.metrics().to_pandas(), run.episodes().to_pandas()
    assert metrics["metric_value"].iloc[0] == 0.5 and metrics.isna()[["metric_value", "step"]].iloc[1].all()
    assert list(metrics["run_id"]) == ["r", "r"] and metrics["phase"].isna().all()
    assert len(episodes) == 1 and episodes.loc[0, "steps"] == 1 and episodes["total_reward"].dtype == numpy.float64


def test_a_frame_comes_back_as_it_was():
    frame = pandas.DataFrame(
        {
            "whole": [1, 2, 3],
            "half": numpy.array([0.5, numpy.nan, numpy.inf], numpy.float32),
            "word": ["x", "y", None],
            "is": [True, False, True],
            "any": [[1, 2], {"k": None}, "x"],
        }
    )
    Frame.save(frame)
    pandas.testing.assert_frame_equal(Frame.load().data, frame[sorted(frame)])


def test_what_may_be_missing_is_none():
    Table.save(pandas.DataFrame({"is": pandas.array([True, None], "boolean"), "kind": pandas.Categorical(["a", None])}))
    assert {name: list(column) for name, column in Table.load().data.items()} == {"is": [True, None], "kind": ["a", None]}


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (pandas.DataFrame({"a": [1, 2]}, index=["x", "y"]), r"reset_index\(\)"),
        (pandas.DataFrame({"a": [1, 2, 3]})[lambda frame: frame.a > 1], r"reset_index\(\)"),
        (pandas.DataFrame([[1, 2]], columns=["a", "a"]), "several columns of one name"),
        (pandas.DataFrame([[1, 2]]), "column 0 has no text for a name"),
        (pandas.DataFrame({"when": pandas.date_range("2026", periods=2)}), "column 'when' is of times"),
        (pandas.DataFrame({"z": [1j]}), r"data\['z'\]\[0\]"),
    ],
)
def test_what_a_table_would_lose_is_an_error(frame, told):
    with pytest.raises(HoldfastError, match=told):
        Table.save(frame)


def test_a_call_with_equal_frames_is_a_hit():
    @thunk
    def doubled(frame):
        return frame.assign(a=2 * frame["a"])

    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", None]})
    Frame.save(doubled(frame))
    again = doubled(frame.copy())
    assert again.was_hit and list(again.data["a"]) == [2, 4]
    assert not doubled(frame.iloc[::-1]).was_hit


def test_the_hash_of_a_frame_covers_what_a_function_can_see():
    frame = pandas.DataFrame({"a": [1, 2], "c": pandas.Categorical(["x", "y"])})
    others = [
        frame,
        frame.astype({"a": "int32"}),
        frame.astype({"a": "Int64"}),
        frame[["c", "a"]],
        frame.rename(columns={"a": "b"}),
        frame.set_axis([1, 2]),
        frame.set_axis(pandas.date_range("2026", periods=2)),
        frame.assign(c=frame["c"].cat.reorder_categories(["y", "x"])),
        frame.assign(c=frame["c"].cat.as_ordered()),
        frame["a"],
        frame["a"].rename("b"),
    ]
    hashes = [Graph().identity(other, "frame").hash for other in others]
    assert len(set(hashes)) == len(others) and Graph().identity(frame.copy(), "frame").hash == hashes[0]
