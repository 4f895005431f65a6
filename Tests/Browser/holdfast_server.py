"""A real server in a directory of its own, and calls to it over HTTP."""

import base64
import contextlib
import json
import os
import selectors
import sqlite3
import ssl
import subprocess
import urllib.request
import uuid
from pathlib import Path

import numpy as np

from certificates import Certificate

WEB = Path(__file__).resolve().parents[2] / "Web"
READY_SECONDS = 60


class Server:
    """Starts the binary that HOLDFAST_BIN names, over TLS with a certificate; `stop` ends it."""

    def __init__(
        self,
        data: Path,
        *,
        token: str | None = None,
        http: str = "127.0.0.1:0",
        certificate: Certificate | None = None,
    ):
        self.data = data
        self._context = ssl.create_default_context(cafile=certificate.authority.file) if certificate else None
        self.token = token
        command = [os.environ["HOLDFAST_BIN"], "serve", "--data", str(data), "--tcp", "127.0.0.1:0"]
        command += ["--http", http, "--web", str(WEB), "--log-level", "error"]
        if token is not None:
            token_file = data.parent / f"{data.name}.token"
            token_file.write_text(token)
            token_file.chmod(0o600)
            command += ["--token-file", str(token_file)]
        if certificate is not None:
            command += map(str, certificate.arguments)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        ready = self._ready()
        self.tcp, http = ready["tcp"], ready["http"]
        self.url = http if certificate else f"http://{http}"
        self.address = self.url.partition("://")[2]
        self._producer = str(uuid.uuid4())
        self._seq = 0

    def _ready(self) -> dict:
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(READY_SECONDS):
                self.process.kill()
                raise RuntimeError(f"the server was not ready within {READY_SECONDS} s")
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server ended with status {self.process.wait()} before it was ready")
        return json.loads(line)

    def stop(self, *, kill: bool = False) -> None:
        if self.process.poll() is None:
            self.process.kill() if kill else self.process.terminate()
        self.process.wait(timeout=30)
        self.process.stdout.close()

    def call(self, method: str, **params) -> dict:
        """The result of a method; an error of the server is raised."""
        headers = {"content-type": "application/json"}
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token}"
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(f"{self.url}/rpc", body, headers)
        with urllib.request.urlopen(request, timeout=60, context=self._context) as response:
            message = json.load(response)
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        return message["result"]

    def ingest(self, method: str, **params) -> dict:
        """The same, with the next sequence number of this producer."""
        self._seq += 1
        return self.call(method, producer=self._producer, seq=self._seq, **params)

    def insert_images(self, count: int, *, first: int = 0, shape: tuple[int, ...] = (60, 80)) -> list[int]:
        """Images with pixels of their own, `img_0000.png` and on; returns their ids."""
        images = [
            {"filename": f"img_{k:04d}.png", "study_id": f"study_{k // 8}", "frame_number": k % 8,
             "image": array(np.full(shape, k % 256, np.uint8))}
            for k in range(first, first + count)
        ]
        return self.ingest("images.insert", images=images)["ids"]

    def labeled(self, label: str = "biopsy_tool") -> int:
        return self.call("labels.stats")["labels"][label]["labeled"]

    def rows(self, query: str, *values) -> list[sqlite3.Row]:
        """What any SQLite tool reads from the database while the server runs."""
        database = self.data / "telemetry" / "telemetry.sqlite"
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(query, values).fetchall()

    def label_of(self, image: int, label: str = "biopsy_tool") -> int | None:
        return self.rows(f"SELECT has_{label} AS value FROM labels WHERE id = ?", image)[0]["value"]

    def log_run(self, run_id: str, *, episodes: int = 2, steps: int = 12, tags: tuple[str, ...] = ()) -> None:
        """A finished run with frames, rewards and a loss in two phases."""
        self.call("runs.start", run_id=run_id, config={"lr": 0.001}, tags=list(tags), agent_id="agent-1")
        for episode in range(episodes):
            self.ingest("steps.append", run_id=run_id, steps=[
                {"episode_id": f"{run_id}-e{episode}", "step_index": t, "action": t % 4, "reward": float(episode + 1),
                 "terminated": t == steps - 1, "truncated": False, "timestamp": 1_700_000_000.0 + episode * 100 + t,
                 "frame": array(frame(episode, t))}
                for t in range(steps)
            ])
            self.ingest("episodes.finish", run_id=run_id, episode_id=f"{run_id}-e{episode}")
        rows = [
            {"table": "training_metrics", "metric_name": "loss", "metric_value": 1 / (step + 1), "step": step, "phase": phase}
            for step in range(50) for phase in ("train", "val")
        ]
        self.ingest("metrics.append", run_id=run_id, rows=rows)
        self.call("runs.finish", run_id=run_id, status="finished")


def frame(episode: int, step: int) -> np.ndarray:
    """A frame whose top left pixel tells which step it is."""
    pixels = np.zeros((40, 30, 3), np.uint8)
    pixels[:, :, 0] = 10 * step
    pixels[:, :, 1] = 50 * episode
    return pixels


def array(values: np.ndarray) -> dict:
    data = base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
    return {"dtype": str(values.dtype), "shape": list(values.shape), "base64": data}
