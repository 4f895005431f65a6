"""What is given wrong: the error, or of what is logged the report, names the argument, what it was and what is expected."""

import io
import math
import os
from pathlib import Path

import numpy
import pytest

import holdfast
from holdfast import HoldfastError, Options
from holdfast.callbacks import KerasCallback, LightningLogger
from holdfast.compat import wandb
from holdfast.lineage import BaseVariable, Columns, Fixed, Reference, existing, for_each, product, thunk, use, why


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


class Odd:
    """What no code expects."""

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __hash__ = __float__ = __int__ = __index__ = __str__


RING = {}
RING["again"] = RING
STEP = {"episode": "r/0", "index": 0, "reward": 0}


@pytest.mark.parametrize(
    "function, arguments, told",
    [
        ("log", {"values": {"a": "x"}}, 'metric "a" can\'t be kept: its value is "x"; it is a number'),
        ("log", {"values": 5}, "values is 5; log() takes numbers by name"),
        ("log", {"values": {"a": None}}, "its value is None; it is a number"),
        ("log", {"values": {"a": Odd()}}, "its value is of type Odd; it is a number"),
        ("log", {"values": {None: 1}}, "metric None can't be kept: its name is None; it is a text"),
        ("log", {"values": {"\ud800": 1}}, 'its name is "\\ud800"; half of a surrogate pair is no text'),
        ("log", {"values": {"a": 1}, "phase": 5}, "phase is 5; it is a text"),
        ("log", {"values": {"a": 1}, "timestamp": "x"}, 'timestamp is "x"; it is a number'),
        ("log", {"values": {"a": 1}, "step": numpy.zeros(2)}, "step is array([0., 0.]), not a whole number"),
        ("log", {"values": {"a": 1}, "step": 2**63}, "step is 9223372036854775808, not a whole number of 64 bits"),
        ("log", {"values": {"a": 1}, "epoch": numpy.float64(0.5)}, "epoch is 0.5, not a whole number"),
        ("log_training_epoch_metric", {"name": "a", "value": 1, "phase": [1]}, "phase is [1]; it is a text"),
        ("log_training_epoch_metric", {"name": [1], "value": 1}, "metric [1] can't be kept: its name is [1]; it is a text"),
        ("log_data_generation_complete", {"generation": "sig"}, 'generation is "sig"; it is what log_data_generation_start'),
        ("log_step", {**STEP, "episode": None}, "episode is None; it is a text"),
        ("log_step", {**STEP, "index": "0"}, 'step "0" of episode "r/0" can\'t be kept: index is "0", not a whole number'),
        ("log_step", {**STEP, "reward": [1]}, "reward is [1]; it is a number"),
        ("log_step", {**STEP, "terminated": "False"}, 'terminated is "False"; it is True or False'),
        ("log_step", {**STEP, "truncated": None}, "truncated is None; it is True or False"),
        ("log_step", {**STEP, "timestamp": "x"}, 'timestamp is "x"; it is a number'),
        ("log_step", {**STEP, "action": "left"}, "action can't be kept as an array: an array of dtype str"),
        ("log_step", {**STEP, "frame": [[1], [1, 2]]}, "frame can't be kept as an array: "),
        ("log_step", {**STEP, "observation": {"x": {}}}, 'observation["x"] can\'t be kept as an array: '),
        ("log_step", {**STEP, "observation": {None: 1}}, "a name in observation is None; it is a text"),
        ("log_step", {**STEP, "info": [1]}, "info is [1]; it is a dictionary"),
        ("log_step", {**STEP, "info": RING}, "info contains itself, or is nested too deeply for JSON"),
        ("finish_episode", {"episode": None}, "the end of episode None can't be kept: episode is None; it is a text"),
        ("finish_episode", {"episode": "r/0", "metadata": RING}, "metadata contains itself"),
        ("log_image", {"filename": None}, "image None can't be kept: filename is None; it is a text"),
        ("log_image", {"filename": "a.png", "image": "b.png"}, "image can't be kept as an array: "),
        ("log_image", {"filename": "a.png", "frame_number": 0.5}, "frame_number is 0.5, not a whole number"),
        ("update_config", {"config": RING}, "the settings of run r can't be kept: config contains itself"),
    ],
)
def test_what_is_logged_wrong_is_reported_with_its_field(address, client, quick, function, arguments, told):
    problems = []
    with holdfast.init("r", server=address, options=quick, on_problem=problems.append) as run:
        getattr(run, function)(**arguments)
        assert [(problem.kind, problem.records) for problem in problems] == [("rejected", 1)]
        assert told in problems[0].message and run.statistics.rejected == 1
        run.log({"good": 1})
    assert [row["metric_name"] for row in client.metrics.all()] == ["good"]
    assert not list(client.episodes.all()) and client.labels.stats()["total"] == 0


@pytest.mark.parametrize(
    "start, complete, told",
    [
        ({"operation": 5}, {}, "operation is 5; it is a text"),
        ({"operation": "x", "round": 0.5}, {}, "round is 0.5, not a whole number"),
        ({"operation": "x", "chunk": "x"}, {}, 'chunk is "x", not a whole number'),
        ({"operation": "x"}, {"samples": 1.5}, "samples is 1.5, not a whole number"),
        ({"operation": "x"}, {"memory_mb": "x"}, 'memory_mb is "x"; it is a number'),
        ({"operation": "x"}, {"timestamp": []}, "timestamp is []; it is a number"),
    ],
)
def test_data_generation_that_is_logged_wrong_is_reported(run, client, start, complete, told):
    problems = []
    run._delivery.reporter._callback = problems.append
    run.log_data_generation_complete(run.log_data_generation_start(**start), **complete)
    assert [problem.message for problem in problems] == [f"a piece of data generation can't be kept: {told}"]
    assert run.statistics.rejected == 1


def test_what_is_as_good_as_right_is_kept(run, client):
    for index, is_over in enumerate((False, numpy.bool_(False), 0, numpy.int64(0), 1)):
        run.log_step(7, index, reward="1", terminated=is_over, truncated=is_over, info={} if index else None)
    for _ in range(2):
        run.log({5: 1.0}, step=numpy.int64(3))
    run.log_image(Path("a.png"), study_id=12)
    run.flush()
    (episode,) = client.episodes.all()
    assert episode["episode_id"] == "7" and episode["steps"] == 5 and episode["terminated"] and episode["truncated"]
    assert [row["metric_name"] for row in client.metrics.all()] == ["5", "5"] and run.statistics.rejected == 0
    assert client.labels.stats()["total"] == 1


def test_a_spool_may_be_a_path_and_need_not_be_utf_8(address, client, quick, tmp_path):
    for number, spool in enumerate((tmp_path / "path", os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))):
        with holdfast.init(f"run-{number}", server=address, spool=spool, options=quick) as run:
            run.log({"loss": 1.0})
        assert os.path.isdir(spool) and len(list(client.metrics.all(run_id=run.id))) == 1


def test_a_step_that_is_a_tensor_but_no_whole_number_is_reported(run):
    torch = pytest.importorskip("torch")
    for step in (torch.tensor(3), torch.tensor(1.5), torch.zeros(2)):
        run.log({"loss": 1.0}, step=step)
    assert run.statistics.rejected == 2


FRAME = numpy.zeros((2, 2), numpy.uint8)


@pytest.mark.parametrize(
    "call, told",
    [
        (lambda client: holdfast.init("r", tags="abc"), 'tags is a text; give a list: ["abc"]'),
        (lambda client: client.labels.update_predictions([20.7], {"is_disc": [1]}), "ids[0] is 20.7, not a whole number"),
        (lambda client: client.labels.update_scores([1, "2"], {"is_disc": [1, 1]}), 'ids[1] is "2", not a whole number'),
        (lambda client: client.labels.update_scores([1], {"is_disc": ["x"]}), 'confidences["is_disc"][0] is "x"; it is a number'),
        (
            lambda client: client.labels.update_scores([1], [0.5]),
            "confidences is [0.5]; it is a dictionary with a list for each label",
        ),
        (lambda client: client.labels.update_scores([1], {"is_disc": 1}), 'confidences["is_disc"] is 1; give a list'),
        (lambda client: client.holdout.evaluate("is_disc", {1.5: 1}, "look"), "an id in predictions is 1.5, not a whole number"),
        (lambda client: client.labels.import_columns("abc", {}), 'filenames is a text; give a list: ["abc"]'),
        (lambda client: client.labels.import_columns(["a"], {"is_disc": "1"}), 'labels["is_disc"] is a text; give a list: ["1"]'),
        (lambda client: client.labels.import_columns(["a"], {}, "s"), 'study_ids is a text; give a list: ["s"]'),
        (
            lambda client: client.images.insert({"a.png": FRAME}, {"b.png": "s"}),
            'study_ids has "b.png", which is none of the images',
        ),
        (
            lambda client: client.images.insert({"a.png": FRAME}, "s"),
            'study_ids is "s"; it is a dictionary with a study by filename',
        ),
    ],
)
def test_what_would_be_changed_silently_is_refused(client, call, told):
    assert refusal(call, client) == told
    assert client.labels.stats()["total"] == 0 and not list(client.runs.all())


@pytest.mark.parametrize(
    "call, told",
    [
        (lambda client, run: holdfast.Client(timeout="x"), f'timeout is "x"; {SECONDS}'),
        (lambda client, run: holdfast.Client(timeout=None), f"timeout is None; {SECONDS}"),
        (lambda client, run: holdfast.Client(timeout=-1), f"timeout is -1; {SECONDS}"),
        (lambda client, run: holdfast.Client(timeout=math.nan), f"timeout is nan; {SECONDS}"),
        (lambda client, run: holdfast.Client(timeout=math.inf), "timeout is inf; it is at most 1e+09 seconds"),
        (lambda client, run: client.beside("x"), f'timeout is "x"; {SECONDS}'),
        (lambda client, run: client.call("runs.list", timeout=0), f"timeout is 0; {SECONDS}"),
        (lambda client, run: client.call(5), "method is 5; it is a text"),
        (lambda client, run: client.call("runs.get", "r"), 'params is "r"; it is a dictionary with the parameters by their'),
        (lambda client, run: client.runs.start("x", config=RING), "config contains itself, or is nested too deeply for JSON"),
        (lambda client, run: client.runs.start("x", config=b""), "config: a value of type bytes has no JSON"),
        (lambda client, run: run.flush("x"), 'timeout is "x"; it is a number of seconds'),
        (lambda client, run: run.flush(math.nan), "timeout is nan; it is a number of seconds"),
        (lambda client, run: run.finish(timeout=None), "timeout is None; it is a number of seconds"),
        (lambda client, run: run.finish(5), 'a run ends as "finished" or "failed", not as 5'),
        (lambda client, run: holdfast.sync(timeout="x"), 'timeout is "x"; it is a number of seconds'),
        (lambda client, run: holdfast.sync(5), "directory is 5; it is a path"),
        (lambda client, run: holdfast.sync(options={}), "options is {}; it is a holdfast.Options"),
    ],
)
def test_a_time_or_call_that_cannot_be_is_refused(client, run, call, told):
    assert refusal(call, client, run).startswith(told)
    run.log({"good": 1})
    run.flush()


def test_times_may_be_of_any_number_and_over(address, quick):
    with holdfast.Client(address, timeout=numpy.float32(20)) as client:
        client.call("server.ping", timeout=numpy.int64(20))
        with pytest.raises(HoldfastError, match=r"server.ping was not answered by .* in 1e-09 s"):
            client.call("server.ping", timeout=1e-9)
    run = holdfast.init("r", server=address, options=holdfast.Options(**{**vars(quick), "request_timeout": numpy.float32(20)}))
    run.flush(math.inf)
    run.flush(-1)
    assert run.finish(timeout=numpy.float32(5)).records == 0


def test_what_starts_a_run_is_checked():
    for name in ("run", "server"):
        assert refusal(holdfast.init, **{name: 5}) == f"{name} is 5; it is a text"
    # Tokens are not told.
    assert refusal(holdfast.init, token=b"secret") == "token is of type bytes; it is a text"
    assert refusal(holdfast.Client, token="\ud800") == "token is no text in UTF-8"
    assert refusal(holdfast.Client, 5) == "server is 5; it is a text"
    assert refusal(holdfast.init, "r", spool=5) == "spool is 5; it is a path"
    assert refusal(holdfast.init, "r", ca_file=[]) == "ca_file is []; it is a path"
    assert refusal(holdfast.init, "r", tags=5) == "tags is 5; give a list"
    assert refusal(holdfast.init, "r", tags=[None]) == "tags[0] is None; it is a text"
    assert refusal(holdfast.init, "r", agent_id=["a"]) == "agent_id is ['a']; it is a text"
    assert refusal(holdfast.init, "r", RING) == "config contains itself, or is nested too deeply for JSON"


@pytest.mark.parametrize(
    "call, told",
    [
        (lambda client: client.images.insert([FRAME]), "images[0] is of type ndarray; it is a dictionary"),
        (lambda client: client.images.insert([{"image": FRAME}]), 'images[0]["filename"] is None; it is a text'),
        (lambda client: client.images.insert("a.png"), 'images is a text; give a list: ["a.png"]'),
        (
            lambda client: client.images.insert({"w1.png": b"junk"}),
            'image "w1.png": these 4 bytes are no picture that can be read',
        ),
        (
            lambda client: client.images.insert({"w1.png": [[1], [1, 2]]}),
            'image "w1.png": its picture can\'t be kept as an array: ',
        ),
        (
            lambda client: client.labels.set(1, ["is_disc"]),
            "labels is ['is_disc']; it is a dictionary with 1, 0 or None for each label",
        ),
        (lambda client: client.labels.set_many({1: "is_disc"}), 'sets[1] is "is_disc"; it is a dictionary with 1, 0 or None'),
        (lambda client: client.labels.set_many(5), "sets is 5; give a list"),
        (lambda client: client.labels.next(exclude="5"), 'exclude is a text; give a list: ["5"]'),
        (lambda client: client.labels.release(ids=5), "ids is 5; give a list"),
        (
            lambda client: client.holdout.evaluate("is_disc", [0.5], "x"),
            "predictions is [0.5]; it is a dictionary with a confidence",
        ),
        (lambda client: client.resolve("h5://r/frames/0"), 'refs is a text; give a list: ["h5://r/frames/0"]'),
        (lambda client: client.steps.find("h5://r/frames/0"), 'refs is a text; give a list: ["h5://r/frames/0"]'),
        (lambda client: client.refs.repair("r", "h5://r/frames/0"), 'refs is a text; give a list: ["h5://r/frames/0"]'),
        (lambda client: client.episodes.steps("r/0", arrays="frame"), 'arrays is a text; give a list: ["frame"]'),
        (lambda client: client.steps.sample(1, arrays="frame"), 'arrays is a text; give a list: ["frame"]'),
        (lambda client: client.steps.sample(1, run_ids="r"), 'run_ids is a text; give a list: ["r"]'),
        (lambda client: client.steps.append("r", ["frame"]), 'steps[0] is "frame"; it is a dictionary'),
        (lambda client: client.steps.append("r", [{"frame": "x"}]), "steps[0].frame can't be kept as an array: "),
        (lambda client: holdfast.replay.samples(client, arrays="frame"), 'arrays is a text; give a list: ["frame"]'),
        (lambda client: client.runs.start("r", tags="a"), 'tags is a text; give a list: ["a"]'),
        (lambda client: client.metrics.list("r"), 'run_ids is a text; give a list: ["r"]'),
        (lambda client: client.metrics.series("loss", "r"), 'run_ids is a text; give a list: ["r"]'),
        (lambda client: client.metrics.append(5), "rows is 5; give a list"),
        (lambda client: client.tokens.create("x", "read"), 'roles is a text; give a list: ["read"]'),
        (lambda client: client.variables.tag("x", "id"), 'record_ids is a text; give a list: ["id"]'),
        (lambda client: client.variables.untag("x", "id"), 'record_ids is a text; give a list: ["id"]'),
        (lambda client: client.variables.save_many([5]), "saves[0] is 5; it is a dictionary with variable, value and metadata"),
        (lambda client: client.lineage.find_many("hash"), 'lineage_hashes is a text; give a list: ["hash"]'),
        (lambda client: KerasCallback("pong"), 'run is "pong"; it is what holdfast.init returned'),
        (lambda client: LightningLogger("pong"), 'run is "pong"; it is what holdfast.init returned'),
    ],
)
def test_a_wrong_argument_is_named(client, call, told):
    assert refusal(call, client).startswith(told)


class Raw(BaseVariable):
    pass


class Total(BaseVariable):
    pass


@thunk
def doubled(x):
    return 2 * x


@thunk
def mixed(signal, baseline=0.0, *, low=FRAME):
    raise AssertionError("it runs only with arguments that it takes")


@thunk(outputs=2)
def parted(x):
    return {"text": "ab", "number": 5, "names": {"a": 1, "b": 2}, "three": [1, 2, 3]}[x]


WHERE = [{"subject": 1}]
TAKES = "it takes (signal, baseline=…, *, low=…)"


@pytest.mark.parametrize(
    "call, told",
    [
        (lambda: mixed(), f"mixed: no argument for signal; {TAKES}"),
        (lambda: mixed(1, lowe=3), f'mixed: there is no parameter "lowe" (should it be low?); {TAKES}'),
        (lambda: mixed(1, subject=3), f'mixed: there is no parameter "subject"; {TAKES}'),
        (lambda: mixed(1, 2, 3), f"mixed: too many positional arguments; {TAKES}"),
        (lambda: mixed(1, signal=3), f"mixed: multiple values for argument 'signal'; {TAKES}"),
        (
            lambda: for_each(mixed, {"signl": Raw}, [Raw], WHERE),
            f'mixed: there is no parameter "signl" (should it be signal?); {TAKES}',
        ),
        (lambda: for_each(mixed, {"baseline": Raw}, [Raw], WHERE), f"mixed: no argument for signal; {TAKES}"),
        (
            lambda: for_each(mixed, {"signal": Raw}, [Raw], WHERE, {"lwo": 3}),
            f'mixed: there is no parameter "lwo" (should it be low?); {TAKES}',
        ),
        (
            lambda: for_each(mixed, {"signal": Raw}, [Raw], WHERE, {"signal": 1}),
            'constants has "signal", which is one of the inputs',
        ),
        (lambda: for_each(mixed, {5: Raw}, [Raw], WHERE), "inputs has 5; a parameter's name is a text"),
        (lambda: for_each(mixed, {"signal": Raw}, [Raw, Raw], WHERE), "mixed has 1 output, 2 variables are given"),
        (lambda: thunk(dict), "dict does not tell its parameters; call it in a function of yours"),
    ],
)
def test_what_a_function_does_not_take_is_told_at_the_call(call, told):
    assert told in refusal(call)


@pytest.mark.parametrize(
    "kind, told",
    [
        ("text", 'parted gave "ab"; 2 outputs are declared: return a tuple of them'),
        ("number", "parted gave 5; 2 outputs are declared: return a tuple of them"),
        ("names", "parted gave {'a': 1, 'b': 2}; 2 outputs are declared: return a tuple of them"),
        ("three", "parted gave 3 outputs, 2 are declared"),
    ],
)
def test_what_are_not_as_many_outputs_as_declared_is_told(client, kind, told):
    use(client)
    try:
        assert refusal(parted, kind) == told
    finally:
        use(None)


@pytest.mark.parametrize(
    "call, told",
    [
        (lambda: use("x"), 'the client is "x"; it is a client such as holdfast.Client('),
        (lambda: Raw.load(client="x"), 'client is "x"; it is a client such as holdfast.Client('),
        (lambda: thunk(5), "a thunk is made of a function, not of 5"),
        (lambda: thunk(outputs=0)(len), "outputs is 0; it is a whole number from 1"),
        (lambda: for_each(5, {"x": Raw}, [Raw], WHERE), "a thunk is made of a function, not of 5"),
        (
            lambda: for_each(doubled, {"x": 5}, [Raw], WHERE),
            'inputs["x"] is 5; it is a variable\'s class, Fixed(…) or Columns(…)',
        ),
        (lambda: for_each(doubled, Raw, [Raw], WHERE), "inputs is the class Raw; it is a dictionary with a variable"),
        (lambda: for_each(doubled, {"x": Raw}, Raw, WHERE), "outputs is the class Raw; give a list: [Raw]"),
        (lambda: for_each(doubled, {"x": Raw}, "Raw", WHERE), 'outputs is a text; give a list: ["Raw"]'),
        (lambda: for_each(doubled, {"x": Raw}, ["Raw"], WHERE), 'outputs[0] is "Raw"; it is a variable\'s class'),
        (
            lambda: for_each(doubled, {"x": Raw}, [Raw], {"subject": [1]}),
            "where is a dictionary; give product(subject=[1]), or a list",
        ),
        (lambda: for_each(doubled, {"x": Raw}, [Raw], [1]), "where[0] is 1; it is a dictionary with a value for each key"),
        (
            lambda: for_each(doubled, {}, [Raw], WHERE, [5]),
            "constants is [5]; it is a dictionary with a value for each parameter",
        ),
        (lambda: for_each(doubled, {"x": Raw}, [Raw], [{"as_of": 1}]), 'where[0] has "as_of", which is an argument of load()'),
        (lambda: Raw.save(1, version="x"), 'metadata has "version", which is an argument of load(); give it another name'),
        (lambda: Raw.save(1, as_of=1), 'metadata has "as_of", which is an argument of load()'),
        (lambda: Raw.save_all([(1, {"client": "x"})]), 'metadata has "client", which is an argument of load()'),
        (lambda: Raw.save_all([(1, "x")]), 'metadata is "x"; it is a dictionary with a value for each key'),
        (lambda: Raw.save_all(5), "items is 5; give a list"),
        (lambda: Raw.save_all([5]), "items[0] is 5; it is a pair of data and metadata"),
        (lambda: Raw.save(1, {"subject": 1}), "client is {'subject': 1}; it is a client such as holdfast.Client("),
        (lambda: Raw.save({"a": {1: 2}}, subject=1), "data['a'] has the key 1; in JSON keys are texts"),
        (lambda: Raw.versions(version="x"), 'metadata has "version", which is an argument of load()'),
        (lambda: for_each(doubled, {"x": Fixed(Raw, version="x")}, [Raw], WHERE), 'inputs["x"] has "version", which is an'),
        (lambda: for_each(doubled, {"x": Columns(Raw)}, [Raw], WHERE), 'inputs["x"] names no column; give Columns(variable, "a")'),
        (lambda: for_each(doubled, {"x": Columns(Raw, ["a"])}, [Raw], WHERE), "a column of inputs[\"x\"] is ['a']; it is a text"),
        (lambda: for_each(doubled, {"x": Raw}, [Raw], [{5: 1}]), "a key in where[0] is 5; it is a text"),
        (lambda: existing(["subject"]), "keys[0] is ['subject']; it is a text"),
        (lambda: for_each(doubled, {"x": Raw}, [Raw], WHERE).run("2"), 'parallel is "2"; it is a whole number from 1'),
        (lambda: for_each(doubled, {"x": Raw}, [Raw], WHERE).run(0), "parallel is 0; it is a whole number from 1"),
        (lambda: for_each(doubled, {"x": Raw}, [Raw], WHERE).run(dry_run="x"), 'dry_run is "x"; it is True or False'),
        (lambda: Raw(5).select("a"), "Raw has no column a; it has no columns"),
        (lambda: Raw({"angle": FRAME}).select("angel"), "Raw has no column angel (should it be angle?); it has angle"),
        (lambda: Raw({"angle": FRAME}).select(), "select() takes names of columns; Raw has angle"),
        (lambda: Raw({"angle": FRAME}).select(["angle"]), "a column is ['angle']; it is a text"),
        (lambda: why(None), "record is None; it is a saved variable or thunk output, or a record_id"),
        (lambda: why(Raw(5)), "Raw(not saved, {}) was never saved, and has nothing to compare"),
        (lambda: Reference.frame(5), "ref is 5; it is a text"),
        (lambda: Reference.image("a.png"), 'id is "a.png", not a whole number'),
        (lambda: Reference.snapshot(None), "snapshot_id is None; it is a text"),
        (lambda: Reference.run(None), "run_id is None; it is a text"),
    ],
)
def test_what_lineage_is_given_wrong_is_named(call, told):
    assert refusal(call).startswith(told)


@pytest.mark.parametrize(
    "arguments, told",
    [
        ({"n": 0}, "n is 0; it is a whole number from 1"),
        ({"n": "x"}, 'n is "x"; it is a whole number from 1'),
        ({"seed": 1.5}, "seed is 1.5, not a whole number"),
        ({"batches": -1}, "batches is -1; it is a whole number from 0"),
        ({"prefetch": "x"}, 'prefetch is "x"; it is a whole number from 0'),
        ({"parts": 0}, "parts is 0; it is a whole number from 1"),
        ({"part": -1}, "part is -1; it is a whole number from 0"),
        ({"part": 2, "parts": 2}, "part is 2; it is from 0 to 1, since parts is 2"),
        ({"run_id": "r"}, "samples() has no argument run_id (should it be run_ids?); it takes client, n, run_ids, "),
        ({"batchs": 1}, "samples() has no argument batchs (should it be batches?); it takes "),
    ],
)
def test_samples_that_cannot_be_are_refused_at_once(client, arguments, told):
    assert refusal(holdfast.replay.samples, client, **arguments).startswith(told)
    pytest.importorskip("torch")
    from holdfast.torch import SampleDataset

    assert refusal(SampleDataset, "127.0.0.1:1", **arguments).startswith(told)


def test_samples_take_numbers_of_numpy(run, client):
    run.log_step("r/0", 0, reward=1, frame=FRAME)
    run.flush()
    one, zero = numpy.int64(1), numpy.int64(0)
    (batch,) = holdfast.replay.samples(client, n=one, seed=one, batches=one, prefetch=zero, part=zero, parts=one)
    assert batch["frame"].shape == (1, 2, 2)


@pytest.mark.parametrize(
    "call, told",
    [
        (
            lambda client: client.steps.append("r", [{"episode_id": "r/0", "actoin": 1}]),
            'steps[0] has "actoin" (should it be action?); there are episode_id, step_index, action, ',
        ),
        (
            lambda client: client.images.insert([{"filename": "a.png", "study": "s"}]),
            'images[0] has "study" (should it be study_id?); there are filename, study_id, ',
        ),
        (
            lambda client: client.labels.set_many([{"id": 1, "labels": {}, "outcom": "unsure"}]),
            'sets[0] has "outcom" (should it be outcome?); there are id, labels, outcome, ',
        ),
        (lambda client: client.labels.set_many([5]), "sets[0] is 5; it is a dictionary with the parameters of set()"),
        (
            lambda client: client.labels.list(confidence={"is_disc": {"min": 0.5}}),
            'confidence["is_disc"] has "min"; there are from, to',
        ),
        (lambda client: client.labels.list(confidence={"is_disc": 0.5}), 'confidence["is_disc"] is 0.5; it is a dictionary with'),
        (
            lambda client: client.variables.save_many([{"variable": "A", "value": {}, "metdata": {}}]),
            'saves[0] has "metdata" (should it be metadata?); there are variable, value, metadata, ',
        ),
        (lambda client: holdfast.replay.samples(5), "client is 5; it is a text"),
        (lambda client: client.resolve([], stack="x"), 'stack is "x"; it is True or False'),
        (lambda client: client.resolve([], missing=None), 'missing is "error" or "null", not None'),
        (lambda client: client.episodes.steps("r/0", start="x"), 'start is "x", not a whole number'),
        (lambda client: client.episodes.steps("r/0", stop=0.5), "stop is 0.5, not a whole number"),
        (lambda client: client.metrics.query(start="1"), 'start is "1"; it is a number'),
        (lambda client: client.metrics.query(stop=math.nan), "stop is nan; it is a number"),
        (lambda client: client.metrics.series("loss", ["r"], start=[1]), "start is [1]; it is a number"),
        (lambda client: client.metrics.columns(metric_name=5), "metric_name is 5; it is a text"),
        (lambda client: client.metrics.columns(phase=5), "phase is 5; it is a text"),
        (lambda client: client.labels.all(splt="val"), "all() has no argument splt (should it be split?); it takes split, "),
        (lambda client: client.labels.all(limit=5), "all() has no argument limit"),
        (lambda client: client.labels.export_csv(None), "file is None; it is a path, or a file that is open for writing texts"),
        (lambda client: client.labels.export_csv(io.BytesIO()), "file is of type BytesIO; it is a path, or a file"),
        (lambda client: client.lineage.claim(["a"], "me", except_records=[5]), "except_records[0] is 5; it is a text"),
        (lambda client: holdfast.Array("uint8", 5, b""), "the shape is 5; it is a list of whole numbers"),
        (lambda client: holdfast.Array("uint8", [1.5], b"a"), "the shape is [1.5]; it is a list of whole numbers"),
        (lambda client: holdfast.Array([1], [1], b"a"), 'unknown dtype "[1]"; expected one of bool uint8'),
        (lambda client: holdfast.Array("uint8", [1], "a"), "the data are of type str; they are bytes, or a buffer in C order"),
        (lambda client: holdfast.Array("uint8", [1], None), "the data are of type NoneType; they are bytes"),
        (lambda client: wandb.init(id=5), "id is 5; it is a text"),
    ],
)
def test_an_argument_of_another_kind_is_named(client, call, told):
    assert refusal(call, client).startswith(told)


def test_labels_are_exported_to_a_path(client, tmp_path):
    assert client.labels.export_csv(tmp_path / "labels.csv") == 0
    assert (tmp_path / "labels.csv").read_text().startswith("id,filename")


def test_a_host_that_cannot_be_is_not_reached():
    with holdfast.Client("a..b:7411") as client, pytest.raises(HoldfastError, match="no connection to the server at a..b:7411"):
        client.server.ping()


@pytest.mark.parametrize("value", [None, [1], math.nan, math.inf, 2**63, b"a", {"a": 1}, "\ud800", FRAME])
def test_metadata_under_which_nothing_could_be_found_is_refused(value):
    told = 'metadata["subject"] is '
    for call in (Raw.load, Raw.versions, Raw.delete, lambda **metadata: list(Raw.load_all(**metadata))):
        assert refusal(call, subject=value).startswith(told)
    assert refusal(Raw.save, 1, subject=value).startswith(told)
    assert refusal(for_each, doubled, {"x": Raw}, [Raw], [{"subject": value}]).startswith('where[0]["subject"] is ')
    assert refusal(for_each, doubled, {"x": Fixed(Raw, subject=value)}, [Raw], WHERE).startswith('inputs["x"]["subject"] is ')


@pytest.fixture
def used(client):
    use(client)
    yield
    use(None)


@pytest.mark.parametrize(
    "value, kept",
    [(numpy.int64(5), 5), (numpy.array(5), 5), (numpy.float32(0.5), 0.5), (numpy.bool_(True), True), (numpy.str_("a"), "a"), (2.5, 2.5)],
)
def test_metadata_may_be_numbers_of_numpy(used, value, kept):
    saved = Raw.save(1, subject=value)
    assert saved.metadata == {"subject": kept} and type(saved.metadata["subject"]) is type(kept)
    assert Raw.load(subject=value).record_id == Raw.load(subject=kept).record_id == saved.record_id
    assert for_each(doubled, {"x": Raw}, [Raw], product(subject=[value])).plan().counts == {"run": 1}


def test_a_batch_may_have_one_location_without_keys(used):
    Raw.save(5, subject=1)
    batch = for_each(doubled, {"x": Fixed(Raw, subject=1)}, [Total], product())
    assert batch.plan().counts == {"run": 1}
    assert batch.run(progress=False).counts == {"done": 1} and batch.plan().counts == {"hit": 1}
    assert Total.load().data == 10
    Raw.save(6, subject=2)
    (entry,) = for_each(doubled, {"x": Raw}, [Total], [{}]).plan()
    assert entry.why == "input x: 2 locations of Raw fit at a location without keys"


def test_a_wrong_value_of_a_variable_is_told_with_its_name(address, monkeypatch, tmp_path, quick):
    monkeypatch.setenv("HOLDFAST_SERVER", "127.0.0.1")
    for call in (holdfast.Client, lambda: holdfast.init("r"), holdfast.sync):
        with pytest.raises(HoldfastError, match='HOLDFAST_SERVER: "127.0.0.1" is not host:port') as refused:
            call()
        assert refused.value.code == "invalid_address"
    with pytest.raises(HoldfastError, match='^"nonsense" is not host:port'):
        holdfast.Client("nonsense")
    monkeypatch.setenv("HOLDFAST_SERVER", f" {address}\r\n")
    monkeypatch.setenv("HOLDFAST_TOKEN", os.fsdecode(b"s\xff"))
    for call in (holdfast.Client, lambda: holdfast.init("r"), holdfast.sync):
        assert refusal(call) == "HOLDFAST_TOKEN is no text in UTF-8"
    monkeypatch.delenv("HOLDFAST_TOKEN")
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOLDFAST_SPOOL", str(tmp_path / "file"))
    for call in (lambda: holdfast.init("r", options=quick), holdfast.sync):
        with pytest.raises(HoldfastError, match=r"/file \(HOLDFAST_SPOOL\)") as refused:
            call()
        assert refused.value.code == "spool"
    with pytest.raises(HoldfastError, match="records can't be kept in /a\0b"):
        holdfast.init("r", spool="/a\0b", options=quick)


def test_what_loggers_and_recorders_are_given_wrong_is_named(run):
    told = refusal(LightningLogger(run).log_hyperparams, 5)
    assert told == "params is 5; it is a dictionary or an argparse.Namespace"
    gymnasium = pytest.importorskip("gymnasium")
    from holdfast.gymnasium import Recorder

    told = refusal(Recorder, gymnasium.make("CartPole-v1"), run, observations="no")
    assert told == 'observations is "no"; it is True or False'
