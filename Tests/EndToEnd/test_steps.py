"""Real Atari steps go in, and come back bit for bit by every way of reading them."""

import dataclasses
import io

import numpy
import pytest
from PIL import Image

from replay import assert_same_arrays, refs, resolve, resolve_stacked, send_columns, send_rows, start, tiny_step
from wire import DTYPES, Producer, RpcError, Strings


@pytest.mark.parametrize("compression", ["lzf", "gzip-4", "none"])
def test_columnar_steps_come_back_bit_for_bit(connection, recording, compression):
    assert start(connection, "atari", compression=compression) == {"run_id": "atari", "resumed": False}
    send_columns(connection, "atari", recording)
    chosen = numpy.random.default_rng(1).integers(0, len(recording), 70)
    frames = resolve_stacked(connection, "atari", "frames", chosen)
    assert_same_arrays(frames, recording.frames[chosen], "frames in random order with duplicates")
    observations = resolve_stacked(connection, "atari", "observations", range(len(recording)))
    assert_same_arrays(observations, recording.observations, "observations")


@pytest.mark.parametrize(
    "encoding, compression", [("zlib", "gzip-4"), ("lzf", "lzf"), ("zlib", "lzf"), ("lzf", "none")]
)
def test_rows_compressed_by_the_client_come_back_bit_for_bit(connection, recording, encoding, compression):
    frames = recording.frames.copy()
    frames[3] = numpy.random.default_rng(2).integers(0, 256, frames[3].shape, numpy.uint8)
    noisy = dataclasses.replace(recording, frames=frames)
    start(connection, "packed", compression=compression)
    send_columns(connection, "packed", noisy, encoding=encoding)
    found = resolve_stacked(connection, "packed", "frames", range(len(noisy)))
    assert_same_arrays(found, frames, f"{encoding} rows in a {compression} run, row 3 travels raw")
    observations = resolve_stacked(connection, "packed", "observations", range(len(noisy)))
    assert_same_arrays(observations, recording.observations, "observations")


@pytest.mark.parametrize("compression", ["lzf", "gzip-4", "none"])
def test_noise_that_does_not_compress_comes_back_at_once(server, connection, compression):
    noise = numpy.random.default_rng(4).integers(0, 256, (3, 64, 64), numpy.uint8)
    start(connection, "noise", compression=compression)
    send_rows(connection, "noise", [tiny_step(k, frame=noise[k]) for k in range(3)])
    assert_same_arrays(resolve_stacked(connection, "noise", "frames", range(3)), noise, "noise")
    picture = numpy.asarray(Image.open(io.BytesIO(server.get("/frames/noise/frames/1.png")[2])))
    assert_same_arrays(picture, noise[1], "noise as PNG")


def test_row_wise_steps_come_back_over_both_doors(server, connection, recording):
    start(connection, "rows")
    answer = send_rows(connection, "rows", [recording.row(k) for k in range(12)])
    assert answer == {"stored": 12, "first_index": 0}
    assert_same_arrays(resolve_stacked(connection, "rows", "frames", range(12)), recording.frames[:12], "frames")
    over_http = server.post("frames.resolve", {"refs": refs("rows", "observations", [5, 0, 5]), "stack": True})
    assert_same_arrays(over_http["frames"], recording.observations[[5, 0, 5]], "base64 over HTTP")
    asked = connection.call(
        "frames.resolve", {"refs": refs("rows", "frames", [1]), "stack": True, "array_encoding": "base64"}
    )
    assert_same_arrays(asked["frames"], recording.frames[[1]], "base64 over TCP when asked for")


def test_steps_sent_over_http_as_base64(server, recording):
    server.post("runs.start", {"run_id": "web"})
    producer = {"producer": "6f4ab7fc-0d8a-4bd5-a1bd-1c6d2a2f7a10", "seq": 1}
    answer = server.post("steps.append", {"run_id": "web", "steps": [recording.row(k) for k in range(3)]} | producer)
    assert answer == {"stored": 3, "first_index": 0}
    with server.connect() as connection:
        assert_same_arrays(resolve_stacked(connection, "web", "frames", range(3)), recording.frames[:3], "frames")


def test_missing_rows_are_an_error_or_null_as_asked(connection, recording):
    start(connection, "gaps")
    columns = recording.columns(slice(0, 6))
    columns["frame"], columns["frame_rows"] = columns["frame"][[1, 4]], numpy.array([1, 4], numpy.uint32)
    producer = Producer(connection)
    producer.call("steps.append", {"run_id": "gaps", "count": 6, "columns": columns})
    found = resolve(connection, refs("gaps", "frames", [4, 0, 1, 99, 4]), missing="null")
    assert [item is None for item in found] == [False, True, False, True, False], "fill rows and beyond are null"
    assert_same_arrays(found[0], recording.frames[4], "a frame beside fill rows")
    assert_same_arrays(found[2], recording.frames[1], "a frame beside fill rows")
    for reference in refs("gaps", "frames", [0, 99]) + refs("nowhere", "frames", [0]):
        for optional in ({}, {"missing": "error"}, {"missing": "null", "stack": True}):
            refused = connection.refusal("frames.resolve", {"refs": [reference]} | optional)
            assert refused.kind == "not_found", f"{reference} {optional}: {refused}"
    steps = connection.call("episodes.steps", {"run_id": "gaps"})["steps"]
    expected = [f"h5://gaps/frames/{k}" if k in (1, 4) else None for k in range(6)]
    assert [step["frame_ref"] for step in steps] == expected


def test_mixed_shapes_do_not_stack(connection, recording):
    start(connection, "mixed")
    send_columns(connection, "mixed", recording)
    asked = refs("mixed", "frames", [0]) + refs("mixed", "observations", [0])
    assert connection.refusal("frames.resolve", {"refs": asked, "stack": True}).kind == "shape_mismatch"
    frame, observation = resolve(connection, asked)
    assert_same_arrays(frame, recording.frames[0], "frame")
    assert_same_arrays(observation, recording.observations[0], "observation")


def test_dict_observations_have_a_dataset_each(connection, recording):
    start(connection, "dicts")
    speed = numpy.linspace(-1, 1, 40, dtype=numpy.float32).reshape(10, 4)
    columns = recording.columns(slice(0, 10))
    columns["observation"] = {"image": recording.observations[:10], "speed": speed}
    producer = Producer(connection)
    producer.call("steps.append", {"run_id": "dicts", "count": 10, "columns": columns})
    row = recording.row(10) | {"observation": {"image": recording.observations[10], "speed": speed[0]}}
    send_rows(connection, "dicts", [row], producer)
    images = resolve_stacked(connection, "dicts", "observations.image", range(11))
    assert_same_arrays(images, recording.observations[:11], "observations.image")
    speeds = resolve_stacked(connection, "dicts", "observations.speed", range(11))
    assert_same_arrays(speeds, numpy.concatenate([speed, speed[:1]]), "observations.speed")


@pytest.mark.parametrize(
    "actions",
    [numpy.linspace(-1, 1, 24, dtype=numpy.float32).reshape(8, 3), numpy.linspace(0, 1, 8), numpy.eye(8, dtype=bool)],
    ids=["float32 vectors", "float64 scalars", "bool vectors"],
)
def test_actions_beyond_integers_go_to_the_actions_dataset(connection, actions):
    start(connection, "moves")
    columns = {
        "episode_id": Strings(["e"] * 8),
        "step_index": numpy.arange(8),
        "action": actions,
        "reward": numpy.ones(8),
        "terminated": numpy.zeros(8, bool),
        "truncated": numpy.zeros(8, bool),
    }
    Producer(connection).call("steps.append", {"run_id": "moves", "count": 8, "columns": columns})
    assert_same_arrays(resolve_stacked(connection, "moves", "actions", range(8)), actions, "actions")
    steps = connection.call("episodes.steps", {"run_id": "moves"})["steps"]
    assert [step["action"] for step in steps] == [None] * 8, "action is NULL for float and vector actions"


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"])
def test_integer_actions_of_any_dtype_are_stored_as_int32(connection, dtype):
    start(connection, "moves")
    columns = {
        "episode_id": Strings("e"),
        "step_index": numpy.arange(1),
        "action": numpy.array([17], dtype),
        "reward": numpy.ones(1),
        "terminated": numpy.zeros(1, bool),
        "truncated": numpy.zeros(1, bool),
    }
    producer = Producer(connection)
    producer.call("steps.append", {"run_id": "moves", "count": 1, "columns": columns})
    assert_same_arrays(resolve_stacked(connection, "moves", "actions", [0]), numpy.array([17], numpy.int32), dtype)
    if numpy.dtype(dtype).itemsize > 4:
        too_large = columns | {"step_index": numpy.arange(1, 2), "action": numpy.array([2**31], dtype)}
        with pytest.raises(RpcError, match="invalid_params"):
            producer.call("steps.append", {"run_id": "moves", "count": 1, "columns": too_large})


@pytest.mark.parametrize("dtype", [name for name in DTYPES if name != "uint8"])
def test_observations_of_every_dtype(connection, dtype):
    values = numpy.random.default_rng(3).integers(0, 2, (5, 3, 7)).astype(dtype)
    if values.dtype.kind == "f":
        values[0, 0, :3] = numpy.nan, numpy.inf, -numpy.inf
    start(connection, "kinds")
    rows = [tiny_step(k, observation=values[k]) for k in range(5)]
    send_rows(connection, "kinds", rows)
    assert_same_arrays(resolve_stacked(connection, "kinds", "observations", range(5)), values, dtype)


def test_zero_size_and_scalar_observations(connection):
    for run_id, value in (("empty", numpy.zeros((0, 3), numpy.float32)), ("scalar", numpy.array(2.5))):
        start(connection, run_id)
        send_rows(connection, run_id, [tiny_step(0, run_id, observation=value)])
        [found] = resolve(connection, refs(run_id, "observations", [0]))
        assert_same_arrays(found, value, f"{run_id} observation")


def test_frames_are_served_as_png(server, connection, recording):
    start(connection, "atari")
    send_columns(connection, "atari", recording)
    status, headers, body = server.get("/frames/atari/frames/9.png")
    assert status == 200 and headers["content-type"] == "image/png"
    picture = numpy.asarray(Image.open(io.BytesIO(body)))
    assert_same_arrays(picture, recording.frames[9], "the PNG at full size")
    assert "immutable" in headers["cache-control"]
    assert server.get("/frames/atari/frames/9.png", **{"If-None-Match": headers["etag"]})[0] == 304
    small = Image.open(io.BytesIO(server.get("/frames/atari/frames/9.png?size=64")[2]))
    assert small.size == (49, 64), "the longer side is 64, the other in proportion"
    assert server.get(f"/frames/atari/frames/{len(recording)}.png")[0] == 404
    assert server.get("/frames/nobody/frames/0.png")[0] == 404
