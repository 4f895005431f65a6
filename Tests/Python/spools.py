"""Sending what is left in a spool, by either client, and counting what came of it."""

import os
import subprocess
import sys

from programs import environment
from conftest import CLIENT


def sync_by_python(spool, address, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "holdfast", "sync", str(spool), "--server", address, *arguments],
        env=environment(CLIENT),
        capture_output=True,
        text=True,
        timeout=60,
    )


def sync_by_swift(binary):
    def sync(spool, address, *arguments):
        variables = {key: value for key, value in os.environ.items() if not key.startswith("HOLDFAST_")}
        return subprocess.run(
            [binary, "sync", str(spool), "--server", address, *arguments],
            env=variables,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return sync


def metric_steps(client, run, name="loss"):
    return [row["step"] for row in client.metrics.all(run_id=run, where={"metric_name": name})]


def step_indices(client, episode):
    return [row["step_index"] for row in client.episodes.all_steps(episode_id=episode)]


def assert_all(found, last, what):
    """Everything up to the last one of which the trainer knew, each once; the next one may be there as well."""
    assert found == list(range(len(found))), f"{what}: lost or doubled near {_first_wrong(found)}"
    assert len(found) - 1 in (last, last + 1), f"{what}: {last} was logged, {len(found) - 1} is the last that came"


def _first_wrong(found):
    return next((place for place, value in enumerate(found) if place != value), len(found))
