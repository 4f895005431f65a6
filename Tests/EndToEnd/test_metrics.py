"""The three metric tables: rows and columns go in; the usual SQL and the queries of the protocol read them."""

import contextlib
import re
import socket
import sqlite3

import numpy
import pytest

from wire import Producer, Strings

TABLES = {
    "resource_metrics": (
        "id",
        "timestamp",
        "run_id",
        "metric_type",
        "metric_name",
        "value",
        "unit",
        "hostname",
        "process_id",
    ),
    "generation_metrics": (
        "id",
        "timestamp",
        "run_id",
        "operation",
        "round_number",
        "chunk_number",
        "duration_seconds",
        "samples_generated",
        "memory_used_mb",
        "process_id",
    ),
    "training_metrics": (
        "id",
        "timestamp",
        "run_id",
        "metric_name",
        "metric_value",
        "round_number",
        "epoch_number",
        "step",
        "phase",
    ),
}


def rows_of(server, query, *arguments):
    with contextlib.closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)) as database:
        return database.execute(query, arguments).fetchall()


def append(connection, *rows, run_id="run", **members):
    return Producer(connection).call("metrics.append", {"run_id": run_id, "rows": list(rows)} | members)


def loss(step, value, **members):
    row = {"table": "training_metrics", "metric_name": "loss", "metric_value": value, "step": step}
    return row | {"timestamp": 1000.0 + step} | members


def test_the_tables_have_the_columns_that_usual_queries_name(server, connection):
    append(connection, loss(1, 0.5))
    for table, columns in TABLES.items():
        found = [row[1] for row in rows_of(server, f"PRAGMA table_info({table})")]
        assert set(columns) <= set(found), f"{table}: {found}"


def test_usual_sql_runs_as_written(server, connection):
    resource = {"table": "resource_metrics", "metric_type": "cpu", "unit": "%", "hostname": "box", "process_id": 7}
    generation = {"table": "generation_metrics", "operation": "sample", "samples_generated": 10}
    result = append(
        connection,
        *(
            resource | {"metric_name": name, "value": value}
            for name, value in (("system_total", 10.0), ("system_total", 30.0))
        ),
        *(generation | {"round_number": k, "chunk_number": 0, "duration_seconds": 1.5 * k} for k in (1, 1, 2)),
        *(loss(k, 1.0 / k, round_number=k % 2, epoch_number=k, phase="train") for k in (1, 2, 4)),
    )
    assert result == {"stored": 8, "rejected": []}
    assert rows_of(
        server, "SELECT metric_type, metric_name, AVG(value) FROM resource_metrics GROUP BY metric_type, metric_name"
    ) == [("cpu", "system_total", 20.0)]
    assert rows_of(
        server, "SELECT round_number, SUM(duration_seconds), SUM(samples_generated) FROM generation_metrics GROUP BY 1"
    ) == [(1, 3.0, 20), (2, 3.0, 10)]
    assert rows_of(
        server, "SELECT epoch_number, phase, metric_value FROM training_metrics WHERE metric_name = 'loss' ORDER BY 1"
    ) == [(1, "train", 1.0), (2, "train", 0.5), (4, "train", 0.25)]
    summary = connection.call("metrics.summary", {"run_id": "run"})
    counts = [summary[f"{table}_count"] for table in TABLES]
    assert counts == [2, 3, 3] and summary["db_size_mb"] > 0


def test_values_that_are_not_finite_are_kept(server, connection):
    append(connection, loss(1, "NaN"), loss(2, "Infinity"), loss(3, "-Infinity"), loss(4, 2.0))
    stored = rows_of(server, "SELECT metric_value, is_finite, non_finite FROM training_metrics ORDER BY step")
    assert stored == [(None, 0, "NaN"), (None, 0, "Infinity"), (None, 0, "-Infinity"), (2.0, 1, None)]
    asked = {"table": "training_metrics", "run_id": "run"}
    values = {row["step"]: row["metric_value"] for row in connection.call("metrics.query", asked)["rows"]}
    assert values == {1: "NaN", 2: "Infinity", 3: "-Infinity", 4: 2.0}


def test_columns_go_in_with_nulls_and_dictionaries(connection):
    count = 1000
    columns = {
        "timestamp": 1000 + numpy.arange(count) / 8,
        "metric_name": Strings(["loss", "accuracy"][k % 2] for k in range(count)),
        "metric_value": numpy.where(numpy.arange(count) == 5, numpy.nan, numpy.arange(count) / 4.0),
        "step": numpy.arange(count),
        "phase": Strings(None if k % 3 else "val" for k in range(count)),
        "epoch_number": {"values": numpy.arange(count) // 100, "valid": numpy.arange(count) % 2 == 0},
    }
    block = {"table": "training_metrics", "count": count, "columns": columns}
    assert append(connection, columns=[block]) == {"stored": count, "rejected": []}
    asked = {"table": "training_metrics", "run_id": "run", "where": {"metric_name": "accuracy"}, "limit": 1000}
    rows = sorted(connection.call("metrics.query", asked)["rows"], key=lambda row: row["step"])
    assert [row["step"] for row in rows] == list(range(1, count, 2))
    assert [row["metric_value"] for row in rows] == ["NaN" if k == 5 else k / 4 for k in range(1, count, 2)]
    assert [row.get("phase") for row in rows] == [None if k % 3 else "val" for k in range(1, count, 2)]
    assert all(row.get("epoch_number") is None for row in rows), "odd rows are null"


def test_a_bad_row_costs_that_row_only(connection):
    bad = {"table": "training_metrics", "metric_name": "loss", "metric_value": "high", "step": 2}
    unknown = {"table": "no_such_table", "metric_name": "loss", "metric_value": 1.0}
    block = {
        "table": "training_metrics",
        "count": 2,
        "columns": {"metric_name": Strings(["a", None]), "metric_value": numpy.ones(2)},
    }
    result = append(connection, loss(1, 0.5), bad, loss(3, 0.25), unknown, columns=[block])
    assert result["stored"] == 3
    assert [item["index"] for item in result["rejected"]] == [1, 3, 5], "rows first, then each block in order"
    assert all(item["kind"] and item["message"] for item in result["rejected"])


def test_one_bad_row_among_ten_thousand_is_named_and_the_rest_is_stored(server, connection):
    count = 10_000
    values = numpy.arange(count) / 7
    values[1234] = numpy.nan
    names = Strings(None if k == 4321 else "loss" for k in range(count))
    columns = {"metric_name": names, "metric_value": values, "step": numpy.arange(count)}
    result = append(connection, columns=[{"table": "training_metrics", "count": count, "columns": columns}])
    assert result["stored"] == count - 1
    assert [(item["index"], item["kind"]) for item in result["rejected"]] == [(4321, "invalid_params")]
    assert rows_of(server, "SELECT count(*), sum(is_finite) FROM training_metrics") == [(count - 1, count - 2)]
    assert rows_of(server, "SELECT step FROM training_metrics WHERE non_finite = 'NaN'") == [(1234,)]


def test_rows_come_as_events_those_that_are_there_and_those_that_come(server, connection):
    append(connection, *(loss(k, float(k)) for k in range(3)))
    with socket.create_connection(server.http) as events:
        events.settimeout(30)
        events.sendall(b"GET /metrics/rows?run_id=run HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""

        def steps():
            data = b"".join(re.findall(rb"^data: (.*)$", received, re.M))
            return [int(step) for step in re.findall(rb'"step":(\d+)', data)]

        while steps() != [0, 1, 2]:
            received += events.recv(65536)
        append(connection, loss(3, 3.0), run_id="other")
        append(connection, loss(4, 4.0))
        while steps() != [0, 1, 2, 4]:
            assert steps() in ([0, 1, 2], [0, 1, 2, 4]), "only what is new, and only of the run"
            received += events.recv(65536)
    assert server.get("/metrics/rows?table=nothing")[0] == 400


def test_rows_are_filtered_and_paged(connection):
    append(connection, *(loss(k, float(k), phase="train" if k % 2 else "val") for k in range(50)))
    asked = {"table": "training_metrics", "run_id": "run", "where": {"phase": ["val"]}, "from": 1010, "to": 1030}
    steps, cursor = [], None
    while True:
        page = connection.call("metrics.query", asked | {"limit": 4} | ({"cursor": cursor} if cursor else {}))
        steps += [row["step"] for row in page["rows"]]
        cursor = page.get("cursor")
        if not cursor:
            break
    assert sorted(steps) == list(range(10, 31, 2)), "from ≤ t ≤ to, each row once"


@pytest.mark.parametrize("points", [10, 100])
def test_a_series_keeps_its_spikes(connection, points):
    count = 5000
    values = numpy.sin(numpy.arange(count) / 50)
    values[1234], values[4321] = 100.0, -100.0
    columns = {"metric_name": Strings(["loss"] * count), "metric_value": values, "step": numpy.arange(count)}
    append(connection, columns=[{"table": "training_metrics", "count": count, "columns": columns}])
    asked = {"table": "training_metrics", "metric_name": "loss", "run_ids": ["run"], "x": "step", "max_points": points}
    [series] = connection.call("metrics.series", asked)["series"]
    assert series["key"]["run_id"] == "run" and series["count"] == count
    assert len(series["x"]) == len(series["min"]) == len(series["max"]) <= points
    assert max(series["max"]) == 100 and min(series["min"]) == -100, "spikes stay visible"


def test_the_server_tells_of_its_own_health(server, connection):
    append(connection, loss(1, 0.5))
    status, headers, body = server.get("/metrics")
    assert status == 200 and headers["content-type"].startswith("text/plain")
    names = [
        line.split("{")[0].split(" ")[0] for line in body.decode().splitlines() if line and not line.startswith("#")
    ]
    assert names and all(name.startswith("holdfast_") or name.startswith("process_") for name in names), names[:10]
