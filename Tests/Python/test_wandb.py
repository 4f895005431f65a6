"""A script that was written for wandb, with its import changed."""

import argparse

import numpy
import pytest

from holdfast import HoldfastError
from holdfast.compat import wandb


@pytest.fixture
def started(address, monkeypatch):
    monkeypatch.setenv("HOLDFAST_SERVER", address)
    yield wandb.init(project="my pong!", name="base line", config={"lr": 3e-4, "net": {"layers": 2}}, tags=["a"], group="g")
    wandb.finish()


def rows(client, run, name):
    found = client.metrics.all(run_id=run.id, where={"metric_name": name})
    return [(row["step"], row["metric_value"]) for row in found]


def test_a_script_logs_as_before(client, started):
    assert wandb.run is started and started.id.startswith("my-pong-base-line-")
    assert wandb.config.lr == wandb.config["lr"] == 3e-4 and wandb.config.net == {"layers": 2}
    wandb.config.batch_size = 32
    wandb.config.update(argparse.Namespace(seed=1), allow_val_change=True)
    wandb.define_metric("val/*", step_metric="epoch")
    wandb.watch(None)
    for k in range(3):
        wandb.log({"train": {"loss": k / 2, "deep": {"x": numpy.float32(k)}}, "lr": 0.1})
    wandb.log({"part": 1}, commit=False)
    wandb.log({"whole": 2})
    wandb.log({"late": 1}, step=10)
    wandb.log({"later": 2}, step=10)
    wandb.log({"last": numpy.array([5.0])}, step=12, commit=True)
    wandb.summary["best"] = 0.75
    wandb.run.summary.update({"text": "kept here only"})
    assert wandb.summary["lr"] == 0.1
    wandb.finish()
    assert rows(client, started, "train/loss") == [(0, 0.0), (1, 0.5), (2, 1.0)]
    assert rows(client, started, "train/deep/x") == [(0, 0.0), (1, 1.0), (2, 2.0)]
    assert rows(client, started, "part") == [(3, 1.0)] and rows(client, started, "whole") == [(3, 2.0)]
    assert rows(client, started, "late") == [(10, 1.0)] and rows(client, started, "later") == [(10, 2.0)]
    assert rows(client, started, "last") == [(12, 5.0)] and rows(client, started, "best") == [(None, 0.75)]
    told = client.runs.get(started.id)
    assert told["status"] == "finished" and told["tags"] == ["a", "project:my pong!", "group:g"]
    assert told["config"] == {"lr": 3e-4, "net": {"layers": 2}, "batch_size": 32, "seed": 1}


def test_the_context_manager_fails_a_run(client, address):
    with pytest.raises(ZeroDivisionError), wandb.init(id="w1", server=address) as run:
        run.log({"loss": 1 / 0})
    assert client.runs.get("w1")["status"] == "failed"


def test_what_has_no_place_says_so(started):
    for name in ("Image", "Histogram", "Table", "Artifact", "sweep", "alert"):
        with pytest.raises(HoldfastError, match=f"wandb.{name} has no counterpart"):
            getattr(wandb, name)
    with pytest.raises(HoldfastError, match="no counterpart"):
        started.log_artifact("x")
    with pytest.raises(AttributeError):
        wandb.nonsense
    for value in ("text", [1, 2], None, numpy.zeros(3)):
        with pytest.raises(HoldfastError, match='"x" is a'):
            wandb.log({"x": value})
    with pytest.raises(HoldfastError, match="before"):
        wandb.log({"x": 1}, step=5)
        wandb.log({"x": 1}, step=4)


@pytest.mark.parametrize(
    "arguments, told",
    [
        ({"mode": "offlin"}, 'mode is "offlin"; it is "online" or "offline"'),
        ({"mode": "disabled"}, "has no counterpart here"),
        ({"tags": "abc"}, 'tags is a text; give a list: ["abc"]'),
        ({"project": 5}, "project is 5; it is a text"),
        ({"config": [1]}, "config is [1]; it is a dictionary or an argparse.Namespace"),
    ],
)
def test_what_init_cannot_take_is_refused(arguments, told):
    with pytest.raises(HoldfastError) as refused:
        wandb.init(**arguments)
    assert told in str(refused.value)


def test_what_init_does_nothing_with_is_told(client, address):
    with pytest.warns(UserWarning, match="no sync_tensorboard, projekt here") as told:
        wandb.init(id="w2", server=address, mode="offline", sync_tensorboard=True, projekt="pong", notes="x").finish()
    assert len(told) == 1 and told[0].filename == __file__ and client.runs.get("w2")["status"] == "finished"


def test_before_init_it_says_so(started):
    wandb.finish()
    with pytest.raises(HoldfastError, match="wandb.init"):
        wandb.log({"x": 1})
    wandb.finish()
