"""Producers and sequence numbers: each rule once."""

import uuid

import pytest

from replay import send_rows, start, tiny_step
from wire import Connection, Producer, RpcError


def scalar(step):
    return {"rows": [{"table": "training_metrics", "metric_name": "loss", "metric_value": float(step), "step": step}]}


def append(connection, producer, seq, method="metrics.append", params=None):
    return connection.call(method, (params or scalar(seq)) | {"producer": producer, "seq": seq})


def count(connection):
    asked, rows = {"table": "training_metrics", "limit": 1000}, 0
    while True:
        page = connection.call("metrics.query", asked)
        rows += len(page["rows"])
        if not page.get("cursor"):
            return rows
        asked["cursor"] = page["cursor"]


def test_a_resend_gets_the_original_answer(connection):
    start(connection, "run")
    producer = Producer(connection)
    first = send_rows(connection, "run", [tiny_step(0), tiny_step(1)], producer)
    send_rows(connection, "run", [tiny_step(2)], producer)
    params = {"run_id": "run", "steps": [tiny_step(0), tiny_step(1)], "producer": producer.id, "seq": 1}
    assert connection.call("steps.append", params) == first | {"duplicate": True}
    assert len(connection.call("episodes.steps", {"run_id": "run"})["steps"]) == 3


def test_what_is_sent_again_under_a_used_number_is_not_looked_at(connection):
    start(connection, "run")
    producer = Producer(connection)
    first = send_rows(connection, "run", [tiny_step(0)], producer)
    params = {"run_id": "run", "steps": [tiny_step(9)], "producer": producer.id, "seq": 1}
    assert connection.call("steps.append", params) == first | {"duplicate": True}
    assert [row["step_index"] for row in connection.call("episodes.steps", {"run_id": "run"})["steps"]] == [0]


def test_results_older_than_1024_requests_are_forgotten_but_not_applied_again(connection):
    producer = Producer(connection)
    waiting = [producer.send("metrics.append", scalar(k)) for k in range(1, 1031)]
    assert all(connection.wait(id)["stored"] == 1 for id in waiting)
    assert append(connection, producer.id, 1) == {"duplicate": True}
    assert append(connection, producer.id, 5) == {"duplicate": True}
    recent = append(connection, producer.id, 7)
    assert recent["stored"] == 1 and recent["duplicate"] is True, "seq 7 is one of the last 1 024 of 1 030"
    assert count(connection) == 1030


def test_a_gap_is_refused_and_consumes_nothing(connection):
    producer = str(uuid.uuid4())
    for seq, expected in ((2, 1), (5, 1)):
        refused = connection.refusal("metrics.append", scalar(0) | {"producer": producer, "seq": seq})
        assert (refused.kind, refused.final, refused.data["expected"]) == ("sequence_gap", False, expected)
    append(connection, producer, 1)
    refused = connection.refusal("metrics.append", scalar(0) | {"producer": producer, "seq": 3})
    assert (refused.kind, refused.data["expected"]) == ("sequence_gap", 2)
    append(connection, producer, 2)
    assert count(connection) == 2


def test_a_refusal_of_the_content_consumes_its_number_and_is_repeated(connection):
    start(connection, "run")
    producer = str(uuid.uuid4())
    bad = {"run_id": "run", "steps": [tiny_step(0, reward="NaN")]}
    first = connection.refusal("steps.append", bad | {"producer": producer, "seq": 1})
    assert (first.kind, first.code, first.final) == ("invalid_params", -32602, True)
    append(connection, producer, 2, "steps.append", {"run_id": "run", "steps": [tiny_step(0)]})
    good_now = {"run_id": "run", "steps": [tiny_step(1)], "producer": producer, "seq": 1}
    again = connection.refusal("steps.append", good_now)
    assert (again.kind, again.code, again.message, again.final) == (first.kind, first.code, first.message, True)
    assert len(connection.call("episodes.steps", {"run_id": "run"})["steps"]) == 1


def test_pipelined_writes_are_answered_in_order(connection):
    start(connection, "run")
    producer, sent = Producer(connection), []
    for k in range(200):
        step = tiny_step(k, reward="NaN") if k % 10 == 3 else tiny_step(k)
        sent.append(producer.send("steps.append", {"run_id": "run", "steps": [step]}))
    answers = [connection.receive() for _ in sent]
    assert [answer["id"] for answer in answers] == sent, "writes are answered in the order of their arrival"
    assert [k for k, answer in enumerate(answers) if "error" in answer] == list(range(3, 200, 10))
    indices = [answer["result"]["first_index"] for answer in answers if "result" in answer]
    assert indices == list(range(180)), "refused requests leave no holes"


def test_after_a_gap_pipelined_successors_get_it_too(connection):
    producer = str(uuid.uuid4())
    sent = [connection.send("metrics.append", scalar(seq) | {"producer": producer, "seq": seq}) for seq in (1, 3, 4, 5)]
    assert connection.wait(sent[0])["stored"] == 1
    for id in sent[1:]:
        with pytest.raises(RpcError, match="sequence_gap"):
            connection.wait(id)
    for seq in (2, 3, 4, 5):
        append(connection, producer, seq)
    assert count(connection) == 5


def test_hello_tells_the_last_number(server, connection):
    producer = str(uuid.uuid4())
    with server.connect(producer=producer) as fresh:
        assert fresh.welcome["producer"]["last_seq"] == 0
    for seq in (1, 2, 3):
        append(connection, producer, seq)
    with server.connect(producer=producer) as returning:
        assert returning.welcome["producer"]["last_seq"] == 3
        assert append(returning, producer, 4)["stored"] == 1


def test_producers_do_not_disturb_each_other(connection):
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    for seq in (1, 2, 3):
        append(connection, first, seq)
    assert "duplicate" not in append(connection, second, 1)
    assert count(connection) == 4


def test_numbers_and_results_survive_a_restart(server):
    producer = str(uuid.uuid4())
    with server.connect() as connection:
        start(connection, "run")
        result = append(connection, producer, 1, "steps.append", {"run_id": "run", "steps": [tiny_step(0)]})
        bad = {"run_id": "run", "steps": [tiny_step(0)], "producer": producer, "seq": 2}
        refused = connection.refusal("steps.append", bad)
    server.stop()
    server.start()
    with server.connect(producer=producer) as connection:
        assert connection.welcome["producer"]["last_seq"] == 2
        again = append(connection, producer, 1, "steps.append", {"run_id": "run", "steps": [tiny_step(0)]})
        assert again == result | {"duplicate": True}
        repeated = connection.refusal("steps.append", bad)
        assert (repeated.kind, repeated.message, repeated.final) == ("duplicate_step", refused.message, True)


def test_other_writes_take_numbers_too(connection):
    producer = Producer(connection)
    first = producer.call("runs.start", {"run_id": "run"})
    producer.call("images.insert", {"images": [{"filename": "image_001.dcm"}]})
    labeled = producer.call("labels.set", {"id": 1, "labels": {"mag_view": 1}})
    again = append(connection, producer.id, 1, "runs.start", {"run_id": "run"})
    assert again == first | {"duplicate": True}
    again = append(connection, producer.id, 3, "labels.set", {"id": 1, "labels": {"mag_view": 0}})
    assert again == labeled | {"duplicate": True}
    assert connection.call("labels.stats")["labels"]["mag_view"] == {"labeled": 1, "yes": 1}


@pytest.mark.parametrize("seq", [0, -1, 1.5, "1", None, 2**64, True])
def test_wrong_numbers_store_nothing(connection, seq):
    params = scalar(1) | {"producer": str(uuid.uuid4()), "seq": seq}
    try:
        result = connection.call("metrics.append", params)
        assert result == {"duplicate": True} and seq == 0, f"seq {seq} was answered {result}"
    except RpcError as refused:
        assert refused.kind in ("invalid_params", "sequence_gap"), f"seq {seq}: {refused}"
    assert count(connection) == 0


@pytest.mark.parametrize("producer", ["", "me", "6f4ab7fc", 7, None, "../../etc/passwd"])
def test_wrong_producers_store_nothing(connection, producer):
    params = scalar(1) | {"producer": producer, "seq": 1}
    assert connection.refusal("metrics.append", params).kind == "invalid_params"
    assert count(connection) == 0


def test_one_producer_on_two_connections_at_once(server):
    producer = str(uuid.uuid4())
    connections = [Connection(server.tcp) for _ in range(2)]
    sent = [
        (connection, connection.send("metrics.append", scalar(seq) | {"producer": producer, "seq": seq}))
        for connection in connections
        for seq in range(1, 51)
    ]
    assert all(connection.wait(id)["stored"] == 1 for connection, id in sent)
    assert count(connections[0]) == 50, "each number is applied once, whichever connection brings it"
    for connection in connections:
        connection.close()
