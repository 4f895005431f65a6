"""`GET /metrics`: what the server tells Prometheus of itself."""

import os

import numpy
import pytest

from prometheus import Metrics
from replay import send_rows, start, tiny_step
from waiting import eventually
from wire import RpcError


def scrape(server):
    status, headers, body = server.get("/metrics")
    assert status == 200 and headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Metrics(body.decode())


def test_requests_are_counted_by_method_with_their_errors(server):
    with server.connect() as connection:
        for _ in range(3):
            connection.call("server.ping")
        for method in ("runs.get", "no.such.method", "another\n\"one\""):
            with pytest.raises(RpcError):
                connection.call(method, {"run_id": "none"})
        server.post("server.ping")
        metrics = scrape(server)
    assert metrics.value("holdfast_requests_total", door="tcp", method="hello") == 1
    assert metrics.value("holdfast_requests_total", door="tcp", method="server.ping") == 3
    assert metrics.value("holdfast_requests_total", door="http", method="server.ping") == 1
    assert metrics.value("holdfast_request_errors_total", door="tcp", method="runs.get", error="not_found") == 1
    unknown = {"door": "tcp", "method": "unknown"}
    assert metrics.value("holdfast_request_errors_total", error="method_not_found", **unknown) == 2
    assert metrics.value("holdfast_request_duration_seconds_count", **unknown) == 2
    methods = {dict(labels)["method"] for labels in metrics.samples["holdfast_requests_total"]}
    assert methods == {"hello", "server.ping", "runs.get", "unknown"}


def test_what_is_written_is_measured(server):
    before = scrape(server)
    with server.connect() as connection:
        start(connection, "run")
        frames = numpy.random.default_rng(1).integers(0, 256, (4, 64, 64), numpy.uint8)
        send_rows(connection, "run", [tiny_step(k, frame=frames[k]) for k in range(4)])
        after = scrape(server)
        assert after.value("holdfast_connections", door="tcp") == 1
        assert after.value("holdfast_open_array_files") == 1
    assert after.value("holdfast_commit_duration_seconds_count") >= 2
    assert after.value("holdfast_committed_writes_total") >= 2
    assert after.value("holdfast_commit_failures_total") == 0
    assert after.value("holdfast_steps") == 4
    assert after.value("holdfast_wal_bytes") == os.path.getsize(f"{server.database}-wal")
    received = [metrics.value("holdfast_received_bytes_total", door="tcp") for metrics in (before, after)]
    assert received[1] - received[0] > frames.nbytes
    assert after.value("holdfast_sent_bytes_total", door="tcp") > 0
    eventually(lambda: scrape(server).value("holdfast_connections", door="tcp") == 0, "the connection is counted out")


def test_routes_are_counted_by_classes(server):
    for path in ("/healthz", "/healthz/ready", "/frames/none/frames/0.png", "/nothing", "/nothing/else"):
        server.get(path)
    metrics = scrape(server)
    assert metrics.value("holdfast_http_responses_total", route="healthz", status="2xx") == 2
    assert metrics.value("holdfast_http_responses_total", route="frames", status="4xx") == 1
    assert metrics.value("holdfast_http_responses_total", route="files", status="4xx") == 2
    assert metrics.value("holdfast_http_request_duration_seconds_count", route="files") == 2
    assert metrics.value("holdfast_connections", door="http") >= 1


def test_the_process_is_measured(server):
    metrics = scrape(server)
    resident = metrics.value("process_resident_memory_bytes") / (1 << 20)
    assert resident == pytest.approx(server.resident_mib, rel=0.5)
    assert 3 < metrics.value("process_open_fds") <= metrics.value("process_max_fds")
    assert metrics.value("process_cpu_seconds_total") > 0
    assert metrics.value("holdfast_uptime_seconds") >= 0
    eventually(lambda: scrape(server).samples["holdfast_resource"], "the machine's use is told after a second")
