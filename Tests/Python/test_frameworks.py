"""Keras and Lightning, each training a small model."""

import os

import numpy
import pytest

import holdfast
from holdfast.callbacks import KerasCallback, LightningLogger

os.environ.setdefault("KERAS_BACKEND", "torch")


@pytest.fixture
def problem():
    """64 points in the plane, and the sums of their coordinates."""
    x = numpy.random.default_rng(1).normal(size=(64, 2)).astype(numpy.float32)
    return x, x.sum(1, keepdims=True)


def logged(client, name):
    rows = client.metrics.all(run_id="r", where={"metric_name": name})
    return [(row["step"], row["epoch_number"], row["phase"]) for row in rows]


class TestKeras:
    def test_what_fit_measures_is_logged(self, run, client, problem):
        keras = pytest.importorskip("keras")
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        history = model.fit(
            *problem, validation_split=0.25, epochs=2, batch_size=12, verbose=0, callbacks=[KerasCallback(run, every_batch=3)]
        ).history
        run.flush()
        assert logged(client, "loss") == [
            (3, None, "train"), (4, 0, "train"), (4, 0, "val"), (6, None, "train"), (8, 1, "train"), (8, 1, "val"),
        ]  # fmt: skip
        validated = client.metrics.columns(run_id="r", metric_name="loss", phase="val")["metric_value"]
        assert numpy.allclose(validated, history["val_loss"], rtol=1e-6)

    def test_evaluation_and_prediction_log_nothing(self, run, client, problem):
        keras = pytest.importorskip("keras")
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        model.evaluate(*problem, verbose=0, callbacks=[KerasCallback(run)])
        model.predict(problem[0], verbose=0, callbacks=[KerasCallback(run)])
        run.flush()
        assert client.metrics.summary("r")["training_metrics_count"] == 0


class TestLightning:
    @pytest.fixture
    def lightning(self):
        return pytest.importorskip("pytorch_lightning")

    @pytest.fixture
    def module(self, lightning):
        import torch

        class Line(lightning.LightningModule):
            """A linear layer."""

            def __init__(self, rate=0.1):
                super().__init__()
                self.save_hyperparameters()
                self.layer = torch.nn.Linear(2, 1)

            def loss(self, batch):
                return ((self.layer(batch[0]) - batch[1]) ** 2).mean()

            def training_step(self, batch, index):
                loss = self.loss(batch)
                self.log("train_loss", loss, on_step=True, on_epoch=True)
                return loss

            def validation_step(self, batch, index):
                self.log_dict({"val_loss": self.loss(batch), "valley": 1.0})

            def test_step(self, batch, index):
                self.log("test/loss", self.loss(batch))

            def configure_optimizers(self):
                return torch.optim.SGD(self.parameters(), self.hparams.rate)

        return Line()

    @pytest.fixture
    def data(self, problem):
        import torch
        from torch.utils.data import DataLoader, TensorDataset

        return DataLoader(TensorDataset(*map(torch.from_numpy, problem)), batch_size=16)

    @pytest.fixture
    def trainer(self, lightning, run, tmp_path):
        return lightning.Trainer(
            logger=LightningLogger(run), max_epochs=2, log_every_n_steps=2, accelerator="cpu", default_root_dir=tmp_path,
            enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip

    def test_a_run_is_trained_and_then_tested(self, run, client, trainer, module, data):
        trainer.fit(module, data, data)
        trainer.test(module, data, verbose=False)
        run.flush()
        assert logged(client, "train_loss_step") == [(1, 0, "train"), (3, 0, "train"), (5, 1, "train"), (7, 1, "train")]
        assert logged(client, "train_loss_epoch") == [(3, 0, "train"), (7, 1, "train")]
        assert logged(client, "val_loss") == [(3, 0, "val"), (7, 1, "val")] and logged(client, "valley")[0][2] is None
        ((_, _, phase),) = logged(client, "test/loss")
        assert phase == "test" and client.runs.get("r")["status"] == "running"

    def test_hyperparameters_are_added_to_the_config(self, address, client, quick, trainer, module, data):
        run = holdfast.init("r", {"seed": 7, "rate": 1}, server=address, options=quick)
        trainer.logger = LightningLogger(run)
        trainer.fit(module, data)
        run.finish()
        assert client.runs.get("r")["config"] == {"seed": 7, "rate": 0.1}

    def test_only_the_first_of_several_processes_logs(self, run, client, lightning, monkeypatch):
        logger = LightningLogger(run)
        monkeypatch.setattr(lightning.utilities.rank_zero_only, "rank", 1)
        logger.log_hyperparams({"rate": 0.1})
        logger.log_metrics({"loss": 1.0}, step=1)
        monkeypatch.setattr(lightning.utilities.rank_zero_only, "rank", 0)
        logger.log_metrics({"loss": 1.0}, step=2)
        logger.finalize("success")
        assert logged(client, "loss") == [(2, None, None)] and client.runs.get("r")["config"] is None
