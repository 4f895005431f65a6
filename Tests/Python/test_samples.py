"""Random batches for training, by themselves and as a dataset of torch."""

import sys
import threading

import numpy
import pytest

import holdfast
from holdfast import HoldfastError, ServerError, replay
from waiting import eventually


@pytest.fixture
def logged(run):
    """A run of twenty steps whose frame, observation, action and reward all tell the index."""
    for index in range(20):
        run.log_step(
            "r/0",
            index,
            action=numpy.array([index, -index], numpy.float32),
            reward=index,
            frame=numpy.full((3, 2), index, numpy.uint8),
            observation={"ram": numpy.full(4, index, numpy.float32)},
            terminated=index == 19,
        )
    run.flush()
    return run


def fetchers():
    return [thread for thread in threading.enumerate() if thread.name == "holdfast-samples"]


def test_batches_are_those_of_the_server_in_order(logged, client):
    found = list(replay.samples(client, n=4, seed=10, batches=7, replacement=False))
    drawn = [client.steps.sample(4, seed=10 + number, arrays=["frame"], replacement=False) for number in range(7)]
    assert [batch["steps"] for batch in found] == [batch["steps"] for batch in drawn]
    assert all(numpy.array_equal(one["frame"], two["frame"]) for one, two in zip(found, drawn))


def test_processes_share_the_batches(logged, client):
    def indices(**part):
        stream = replay.samples(client, n=8, seed=1, batches=7, **part)
        return [[step["step_index"] for step in batch["steps"]] for batch in stream]

    whole = indices()
    assert indices(part=0, parts=3) == whole[0::3] and indices(part=2, parts=3) == whole[2::3]


def test_an_error_comes_where_its_batch_would(logged, client):
    stream = replay.samples(client, n=2, run_ids=["r"], prefetch=1)
    assert next(stream)["frame"].shape == (2, 3, 2)
    client.runs.finish("r")
    client.runs.delete("r")
    with pytest.raises(ServerError, match="not_found"):
        for _ in range(4):  # what was fetched before comes first
            next(stream)
    assert list(stream) == []
    with pytest.raises(HoldfastError, match=r"samples\(\) has no argument run_names \(should it be run_ids\?\)"):
        replay.samples(client, run_names=["r"])


def test_actions_that_are_arrays_come_with_their_steps(logged, client):
    for length, shape in ((None, (6, 2)), (3, (6, 3, 2))):
        stream = replay.samples(client, n=6, arrays=["observation", "action"], batches=2, sequence_length=length)
        for batch in stream:
            assert batch["action"].shape == shape and batch["action"].dtype == numpy.float32
            assert numpy.array_equal(batch["action"][..., 0], batch["observation"]["ram"][..., 0])


def test_integer_actions_are_those_of_the_steps(run, client):
    for index in range(5):
        run.log_step("r/0", index, action=index, reward=0)
    run.flush()
    (batch,) = replay.samples(client, n=4, arrays=["action"], batches=1)
    assert [step["action"] for step in batch["steps"]] == list(batch["action"])


def test_an_action_comes_without_a_frame_or_an_observation(run, client):
    for index in range(4):
        run.log_step("r/0", index, action=index + 0.5, reward=0)
    run.flush()
    (batch,) = replay.samples(client, n=8, arrays=["action"], batches=1)
    assert [step["step_index"] + 0.5 for step in batch["steps"]] == list(batch["action"])


def test_the_thread_ends_with_the_iterator(logged, address):
    for stream in (replay.samples(address), replay.samples(address, batches=1)):
        next(stream)
        del stream
    with replay.samples(address) as stream:
        next(stream)
    eventually(lambda: not fetchers(), "no thread fetches for nobody")
    assert list(stream) == []


class TestTorch:
    """The dataset, with torch itself."""

    @pytest.fixture
    def loader(self, address):
        pytest.importorskip("torch")
        from torch.utils.data import DataLoader

        from holdfast.torch import SampleDataset

        def make(context=None, workers=0, **options):
            dataset = SampleDataset(address, n=4, seed=5, **options)
            return DataLoader(dataset, batch_size=None, num_workers=workers, multiprocessing_context=context)

        return make

    def test_batches_are_tensors(self, logged, loader):
        import torch

        logged.log_step("r/0", 20, action=numpy.zeros(2, numpy.float32), reward=numpy.inf, frame=numpy.zeros((3, 2), "u1"))
        logged.flush()
        (batch,) = loader(arrays=["frame", "action"], batches=1, replacement=False, run_ids=["r"], sequence_length=5)
        kinds = {name: (value.dtype, tuple(value.shape)) for name, value in batch.items() if name != "steps"}
        assert kinds == {
            "reward": (torch.float32, (4, 5)),
            "terminated": (torch.bool, (4, 5)),
            "truncated": (torch.bool, (4, 5)),
            "action": (torch.float32, (4, 5, 2)),
            "frame": (torch.uint8, (4, 5, 3, 2)),
        }
        told = batch["reward"].nan_to_num(posinf=0)
        assert torch.equal(told, batch["action"][..., 0]) and torch.equal(told, batch["frame"][..., 0, 0].float())

    def test_observations_by_name_and_whole_actions(self, run, loader):
        import torch

        for index in range(6):
            run.log_step("r/0", index, action=index, reward=index, observation={"x": torch.tensor([index, 0.5])})
        run.log({"loss": torch.tensor(0.25)}, step=torch.tensor(3))
        run.flush()
        (batch,) = loader(arrays=["observation"], batches=1)
        assert batch["action"].dtype == torch.int64 and torch.equal(batch["observation"]["x"][:, 0], batch["action"].float())
        assert list(run.metrics("loss")["step"]) == [3]

    def test_workers_share_the_batches(self, logged, loader):
        def indices(*how):
            return [[step["step_index"] for step in batch["steps"]] for batch in loader(*how, batches=5)]

        alone = indices()
        assert len(alone) == 5 and indices("fork", 2) == alone == indices("spawn", 2)

    def test_a_loader_with_a_batch_size_of_its_own_is_told_what_to_give(self, logged, address):
        from torch.utils.data import DataLoader

        from holdfast.torch import SampleDataset

        # Of a worker's error torch keeps the text.
        for workers, kind in ((0, HoldfastError), (1, RuntimeError)):
            with pytest.raises(kind, match="give the DataLoader batch_size=None"):
                next(iter(DataLoader(SampleDataset(address, n=4, arrays=[]), batch_size=4, num_workers=workers)))
        eventually(lambda: not fetchers(), "no thread fetches for nobody")

    def test_an_epoch_that_is_left_leaves_nothing_behind(self, logged, loader):
        for workers in (0, 2):
            for batch in loader(None, workers):
                break
        eventually(lambda: not fetchers(), "no thread fetches for nobody")


def test_without_torch_the_error_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "holdfast.torch", raising=False)
    with pytest.raises(HoldfastError, match="holdfast.torch needs the package torch"):
        import holdfast.torch  # noqa: F401
