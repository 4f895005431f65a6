"""Metrics of training loops that others wrote: Keras, and Lightning. Neither needs to be installed for this to import."""

from __future__ import annotations

import sys
from typing import Any, Dict, Mapping, Optional

from .checks import whole, wrong
from .errors import HoldfastError
from .run import Run, a_run


def _numbers(values: Optional[Mapping[str, Any]]) -> Dict[str, float]:
    numbers = {}
    for name, value in (values or {}).items():
        try:
            numbers[name] = float(value)
        except (TypeError, ValueError):
            continue  # a tensor of several elements, a text
    return numbers


class KerasCallback:
    """A callback for `model.fit(callbacks=[…])`: metrics of each epoch (those of validation with phase `val`), and of every
    n-th batch if asked for."""

    def __init__(self, run: Run, every_batch: Optional[int] = None) -> None:
        self._run = a_run(run)
        self._every_batch = None if every_batch is None else whole("every_batch", every_batch, 0)
        self._batches = 0
        self.model: Any = None
        self.params: Dict[str, Any] = {}

    def set_model(self, model: Any) -> None:
        """Keras tells the model."""
        self.model = model

    def set_params(self, params: Dict[str, Any]) -> None:
        """Keras tells what `fit` was given."""
        self.params = params

    def on_train_batch_end(self, batch: int, logs: Optional[Mapping[str, Any]] = None) -> None:
        """Logs with phase `train` and the count of batches as step."""
        self._batches += 1
        if self._every_batch and self._batches % self._every_batch == 0:
            self._run.log(_numbers(logs), step=self._batches, phase="train")

    def on_epoch_end(self, epoch: int, logs: Optional[Mapping[str, Any]] = None) -> None:
        """Logs the epoch's metrics."""
        for name, value in _numbers(logs).items():
            is_validation = name.startswith("val_")
            phase = "val" if is_validation else "train"
            self._run.log({name[4:] if is_validation else name: value}, step=self._batches, epoch=epoch, phase=phase)

    def _implements_train_batch_hooks(self) -> bool:
        return True  # Keras 2 asks; batches are counted

    def _implements_test_batch_hooks(self) -> bool:
        return False

    def _implements_predict_batch_hooks(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        # Keras calls a dozen more; these say nothing that is logged.
        if name.startswith("on_"):
            return lambda *args, **kwargs: None
        raise AttributeError(name)


class LightningLogger:
    """A logger for `Trainer(logger=…)`: what a module logs, with its step and epoch, and its hyperparameters.

    In distributed training the process of rank 0 logs. Who started the run ends it, so that it may be trained, tested and
    trained on.
    """

    def __init__(self, run: Run) -> None:
        self._run = a_run(run)
        self.name = "holdfast"
        self.version = run.id
        self.save_dir = self.root_dir = self.log_dir = None
        self.group_separator = "/"
        self.experiment = run

    def log_metrics(self, metrics: Mapping[str, Any], step: Optional[int] = None) -> None:
        """Logs numbers; names that begin with train, val, valid or test give the phase."""
        if not _is_first_process():
            return
        numbers = _numbers(metrics)
        numbers.pop("epoch", None)
        for name, value in numbers.items():
            word = name.replace("_", "/", 1).split("/")[0]
            phase = {"val": "val", "valid": "val", "test": "test", "train": "train"}.get(word)
            self._run.log({name: value}, step=step, epoch=metrics.get("epoch"), phase=phase)

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Adds them to the run's config."""
        if _is_first_process():
            before = self._run.config if isinstance(self._run.config, Mapping) else {}
            if not isinstance(params, Mapping) and not hasattr(params, "__dict__"):
                raise wrong("params", params, "it is a dictionary or an argparse.Namespace")
            self._run.update_config({**before, **(params if isinstance(params, Mapping) else vars(params))})

    def finalize(self, status: str) -> None:
        """Sends what is there, for five seconds at most; what is left then is sent in the background."""
        try:
            self._run.flush(5.0)
        except HoldfastError:
            pass

    def log_graph(self, *args: Any, **kwargs: Any) -> None:
        """Nothing is kept of it."""

    def save(self) -> None:
        """Everything is kept already."""

    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        """Nothing is kept of it."""


def _is_first_process() -> bool:
    """As Lightning sees it, which tells every process's loggers the same."""
    rank_zero = getattr(sys.modules.get("lightning_utilities.core.rank_zero"), "rank_zero_only", None)
    return not getattr(rank_zero, "rank", 0)
