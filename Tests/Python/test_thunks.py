"""Thunks: what must run again, what must not, and what is said of it."""

import subprocess
import sys
import textwrap

import numpy
import pytest

import holdfast
from holdfast.lineage import BaseVariable, Reference, thunk, use
from programs import environment
from conftest import CLIENT

HELPERS = '''
import numpy as np
from base import scale

RATE = 2.0
TABLE = {"a": [1, 2], "b": np.arange(3)}

def clean(x):
    """Docstring."""
    total = x * RATE
    return scale(total) + TABLE["a"][0]

def unrelated(x):
    return x

def even(n):
    return n == 0 or odd(n - 1)

def odd(n):
    return n != 0 and even(n - 1)
'''

BASE = '''
FACTOR = 3

def scale(x):
    return x * FACTOR
'''

SHAPES = '''
import dataclasses
import enum

class Kind(enum.Enum):
    SMALL = 1
    LARGE = 2

class Vector:
    offset = 0

    def __init__(self, x):
        self.x = x

    def __add__(self, other):
        return Vector(self.x + other.x + self.offset)

    def length(self):
        return abs(self.x)

@dataclasses.dataclass
class Setting:
    gain: float = 1.0
'''

WRAPPERS = '''
import functools

def doubled(function):
    @functools.wraps(function)
    def inner(*arguments):
        return 2 * function(*arguments)
    return inner

def passed(function):
    return function
'''

PIPELINE = '''
import numpy as np
import helpers
from helpers import clean
from shapes import Kind, Setting, Vector
from wrappers import doubled, passed
from holdfast.lineage import BaseVariable, thunk
from ran import ran

OPTIONS = Setting(gain=0.5)
CHOSEN = Kind.SMALL

class Raw(BaseVariable):
    pass

class Out(BaseVariable):
    pass

def adder(amount):
    def add(x):
        return x + amount
    return add

add_some = adder(10)

@thunk
@passed
def work(signal, window=4):
    """What it does."""
    # A comment.
    ran()
    cleaned = clean(signal)
    part = [value for value in cleaned if value >= 0]
    length = (Vector(1.0) + Vector(2.0)).length()
    return np.sin(np.array(part)) + length + add_some(window) + wrapped(1) + OPTIONS.gain + CHOSEN.value + helpers.even(4)

@doubled
def wrapped(x):
    return x + 1

def beside(x):
    return x
'''

RAN = '''
import os
def ran():
    with open(os.environ["RAN"], "a") as file:
        file.write("x")
'''

MAIN = '''
import sys, numpy as np, pipeline
from pipeline import Out, Raw
raw = Raw.save(np.arange(5.0), subject=1)
out = pipeline.work(Raw.load(subject=1))
Out.save(out, subject=1)
'''

RERUN = {
    "body": ("pipeline.py", "+ length +", "- length +"),
    "constant in the body": ("pipeline.py", "value >= 0", "value >= 1"),
    "other third-party function": ("pipeline.py", "np.sin(", "np.cos("),
    "helper": ("helpers.py", "total = x * RATE", "total = x + RATE"),
    "helper of a helper": ("base.py", "return x * FACTOR", "return x - FACTOR"),
    "global of a helper": ("helpers.py", "RATE = 2.0", "RATE = 2.5"),
    "global of an imported module": ("base.py", "FACTOR = 3", "FACTOR = 4"),
    "inside of a global": ("helpers.py", '"a": [1, 2]', '"a": [2, 2]'),
    "array in a global": ("helpers.py", "np.arange(3)", "np.arange(4)"),
    "default": ("pipeline.py", "window=4", "window=5"),
    "closure value": ("pipeline.py", "adder(10)", "adder(11)"),
    "body of a closure": ("pipeline.py", "return x + amount", "return x - amount"),
    "body of a decorator": ("wrappers.py", "return 2 * function", "return 3 * function"),
    "decorator of the thunk": ("pipeline.py", "@thunk\n@passed", "@thunk\n@doubled"),
    "decorator that gives the function back": ("wrappers.py", "def passed(function):", "def passed(function, more=1):"),
    "removed decorator": ("pipeline.py", "@doubled\ndef wrapped", "def wrapped"),
    "operator overload": ("shapes.py", "self.x + other.x", "self.x - other.x"),
    "method": ("shapes.py", "return abs(self.x)", "return -self.x"),
    "class attribute": ("shapes.py", "offset = 0", "offset = 1"),
    "default of a dataclass": ("shapes.py", "gain: float = 1.0", "gain: float = 2.0"),
    "instance in a global": ("pipeline.py", "gain=0.5", "gain=0.6"),
    "value of an enum": ("shapes.py", "SMALL = 1", "SMALL = 3"),
    "member of an enum": ("pipeline.py", "CHOSEN = Kind.SMALL", "CHOSEN = Kind.LARGE"),
    "one of two that call each other": ("helpers.py", "return n != 0 and", "return n != 1 and"),
    "type of a constant": ("base.py", "FACTOR = 3", "FACTOR = 3.0"),
}

HIT = {
    "nothing": ("pipeline.py", "", ""),
    "comment": ("pipeline.py", "# A comment.", "# Another one.\n"),
    "white space": ("pipeline.py", "cleaned = clean(signal)", "cleaned = clean(\n        signal,\n    )\n"),
    "docstring": ("pipeline.py", '"""What it does."""', '"""Another."""'),
    "no docstring": ("pipeline.py", '    """What it does."""\n', ""),
    "docstring of a helper": ("helpers.py", '"""Docstring."""', '"""Another."""'),
    "lines above": ("helpers.py", "import numpy as np", "# More.\n\nimport numpy as np\n\n"),
    "unrelated function beside": ("pipeline.py", "def beside(x):\n    return x", "def beside(x):\n    return x + 1"),
    "unrelated function of a module": ("helpers.py", "def unrelated(x):\n    return x", "def unrelated(x):\n    return 7"),
    "new function": ("helpers.py", "def unrelated", "def newer():\n    return 1\n\ndef unrelated"),
    "renamed local": ("pipeline.py", "cleaned", "tidy"),
    "renamed local of a helper": ("helpers.py", "total", "sum_of_all"),
    "renamed in a comprehension": ("pipeline.py", "[value for value in cleaned if value >", "[v for v in cleaned if v >"),
    "unrelated global": ("pipeline.py", "OPTIONS =", "UNUSED = 5\nOPTIONS ="),
}  # fmt: skip


class Project:
    """Modules in a folder, and a program that runs them in a process of its own."""

    def __init__(self, folder, address):
        self.folder, self.address, self.count = folder / "project", address, folder / "ran"
        self.folder.mkdir()
        for name, text in (("helpers", HELPERS), ("base", BASE), ("shapes", SHAPES), ("wrappers", WRAPPERS),
                           ("pipeline", PIPELINE), ("ran", RAN), ("main", MAIN)):  # fmt: skip
            (self.folder / f"{name}.py").write_text(text)

    def edit(self, name, old, new):
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new) if old else text)

    def run(self, main="main.py"):
        """How often the function ran."""
        self.count.write_text("")
        variables = {"HOLDFAST_SERVER": self.address, "RAN": str(self.count), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, main], cwd=self.folder, env=environment(CLIENT, **variables), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return len(self.count.read_text())


@pytest.fixture
def project(tmp_path, address):
    return Project(tmp_path, address)


@pytest.mark.parametrize("edit", RERUN.values(), ids=RERUN)
def test_what_changes_a_result_runs_again(project, edit):
    assert project.run() == 1
    project.edit(*edit)
    assert project.run() == 1
    assert project.run() == 0


@pytest.mark.parametrize("edit", HIT.values(), ids=HIT)
def test_what_changes_nothing_does_not_run_again(project, edit):
    assert project.run() == 1
    project.edit(*edit)
    assert project.run() == 0


def test_a_moved_file_does_not_run_again(project):
    assert project.run() == 1
    (project.folder / "inner").mkdir()
    (project.folder / "pipeline.py").rename(project.folder / "inner" / "moved.py")
    project.edit("main.py", "import sys, numpy as np, pipeline", "import numpy as np, inner.moved as pipeline")
    project.edit("main.py", "from pipeline", "from inner.moved")
    assert project.run() == 0


def test_back_to_an_older_body_is_a_hit(project):
    assert project.run() == 1
    project.edit("pipeline.py", "+ length +", "- length +")
    assert project.run() == 1
    project.edit("pipeline.py", "- length +", "+ length +")
    assert project.run() == 0


class Raw(BaseVariable):
    pass


class Mean(BaseVariable):
    pass


class Spread(BaseVariable):
    pass


class Settings(BaseVariable):
    """Kept as an object, saved as JSON."""

    def to_db(self):
        return {"json": dict(vars(self.data))}

    @classmethod
    def from_db(cls, value):
        return Setting(**value["json"])


class Setting:
    def __init__(self, low):
        self.low = low


COUNT = {}


@pytest.fixture
def ran(client, monkeypatch):
    """The calls of the thunks of this module; the client is the default one."""
    calls = []
    # Globals count by value, so that this one is reached in a way that does not.
    monkeypatch.setattr(sys, "holdfast_ran", calls.append, raising=False)
    use(client)
    yield calls
    use(None)


@thunk
def mean(signal, scale=1):
    sys.holdfast_ran("mean")
    return float(numpy.mean(signal)) * scale


@thunk(outputs=2)
def both(signal):
    sys.holdfast_ran("both")
    return signal.mean(), signal.std()


@thunk(unpack_output=True)
def halves(signal):
    sys.holdfast_ran("halves")
    return signal[:2], signal[2:]


@thunk
def doubled(signal):
    sys.holdfast_ran("doubled")
    return signal * 2


@thunk
def text_of(value):
    sys.holdfast_ran("text_of")
    return repr(value)


@thunk(version="3", reason="reads a device")
def measured(port):
    sys.holdfast_ran("measured")
    return port


@thunk
def cut(signal, setting):
    sys.holdfast_ran("cut")
    return signal[setting.low :]


class Lock:
    def __init__(self):
        self.generator = (number for number in range(3))


LOCK = Lock()


@thunk
def guarded(x):
    return LOCK.generator, x


@pytest.mark.parametrize(
    "data",
    [numpy.arange(6.0).reshape(2, 3), numpy.array(True), 2.5, float("inf"), 3, "text", None, [1, "a", None], {"a": {"b": 1}},
     {"x": numpy.arange(3), "y": numpy.array(["a", "b", "c"])}],
    ids=str,
)  # fmt: skip
def test_data_come_back_as_they_were(ran, data):
    saved = Raw.save(data, subject=1)
    loaded = Raw.load(subject=1)
    assert (loaded.record_id, loaded.metadata, loaded.lineage_hash) == (saved.record_id, {"subject": 1}, None)
    assert loaded.content_hash == saved.content_hash and loaded.is_unchanged
    if isinstance(data, dict) and "x" in data:
        assert {name: column.tolist() for name, column in loaded.data.items()} == {"x": [0, 1, 2], "y": ["a", "b", "c"]}
    else:
        assert numpy.array_equal(loaded.data, data) and type(loaded.data) in (type(data), numpy.float64, numpy.bool_)


def test_variables_have_locations_and_versions(ran):
    for value in (1, 2):
        for subject in (1, 2):
            Raw.save(value, subject=subject)
    assert sorted((raw.metadata["subject"], raw.data) for raw in Raw.load_all()) == [(1, 2), (2, 2)]
    newest, oldest = Raw.versions(subject=1)
    assert Raw.load(version=oldest["record_id"]).data == 1 and Raw.load(subject=1).record_id == newest["record_id"]
    assert Raw.delete(subject=1) == 2
    with pytest.raises(holdfast.ServerError, match="not_found"):
        Raw.load(subject=1)
    with pytest.raises(holdfast.HoldfastError, match=r"data\['a'\]\[1\].*no JSON"):
        Raw.save({"a": [1, float("nan")]}, subject=3)


def test_an_object_with_a_codec_of_its_own_is_a_hit_before_and_after_it_was_loaded(ran):
    raw = Raw.save(numpy.arange(5.0))
    setting = Settings.save(Setting(2))
    for loaded in (setting, Settings.load(), Settings.load()):
        Mean.save(cut(raw, loaded))
    assert ran == ["cut"]
    Mean.save(cut(raw, Settings.save(Setting(3))))
    assert ran == ["cut"] * 2


def test_a_stored_output_is_loaded(ran):
    Raw.save(numpy.arange(5.0), subject=1)
    first = mean(Raw.load(subject=1))
    assert not first.was_hit and mean(Raw.load(subject=1)).was_hit is False, "what wasn't saved can't be loaded"
    saved = Mean.save(first, subject=1)
    again = mean(Raw.load(subject=1), scale=1)
    assert again.was_hit and again.data == 2.0 and again.record_id == saved.record_id and len(ran) == 2
    assert Mean.load(subject=1).lineage_hash == first.lineage_hash
    assert not mean(Raw.load(subject=1), 2).was_hit


def test_content_counts_and_not_the_address(ran):
    one, two = Raw.save(numpy.arange(5.0), subject=1), Raw.save(numpy.arange(5.0), subject=2)
    Mean.save(mean(one), subject=1)
    again = mean(two)
    assert again.was_hit
    assert mean(numpy.arange(5.0)).was_hit, "nor whether it is a variable at all"
    Mean.save(again, subject=2)
    assert Mean.load(subject=1).lineage_hash == Mean.load(subject=2).lineage_hash and mean(one).was_hit and len(ran) == 1


def test_equal_output_of_a_changed_function_reruns_nothing_downstream(ran):
    raw = Raw.save(numpy.arange(5.0))
    Mean.save(mean(Raw.save(doubled(raw), stage=1)), stage=1)
    twice = thunk(lambda signal: signal + signal)
    assert mean(Raw.save(twice(raw), stage=2)).was_hit
    assert ran == ["doubled", "mean"]


def test_all_outputs_must_be_there(ran):
    raw = Raw.save(numpy.arange(5.0))
    first, second = both(raw)
    Mean.save(first)
    assert not both(raw)[0].was_hit
    Spread.save(both(raw)[1])
    assert [output.was_hit for output in both(raw)] == [True, True] and len(ran) == 3
    Spread.delete()
    assert not both(raw)[0].was_hit
    assert [output.data.tolist() for output in halves(raw)] == [[0, 1], [2, 3, 4]]


def test_types_of_constants_count(ran):
    values = [1, "1", 1.0, True, None, [1], (1,), {1: 2}, {"1": 2}, b"1", 1j, {1}, frozenset((1,)), numpy.int8(1),
              numpy.arange(2), numpy.arange(2.0), numpy.arange(2.0, dtype="float16"), numpy.arange(2.0, dtype="float32"),
              numpy.arange(2, dtype=">i8"), [[1, 2]], [[1], 2], mean, Raw, numpy.sin, numpy.cos, "", []]  # fmt: skip
    assert len({text_of(value).lineage_hash for value in values}) == len(values)
    Mean.save(text_of(1))
    assert text_of(1).was_hit and not text_of("1").was_hit


def test_an_unsaved_input_is_an_error_that_says_which(ran):
    with pytest.raises(holdfast.HoldfastError, match=r"Mean\.save → mean\(signal\): a Raw was never saved"):
        Mean.save(mean(Raw(numpy.arange(3.0))))
    raw = Raw.save(numpy.arange(4.0))
    chain = mean(doubled(raw))
    with pytest.raises(holdfast.HoldfastError, match=r"mean\(signal\): output 0 of doubled was never saved") as caught:
        Mean.save(chain)
    assert caught.value.code == "unsaved_input"
    saved = Mean.save(chain, ephemeral=True)
    lineage = use_client().lineage.get(saved.record_id)["lineage"]
    assert [entry["name"] for entry in lineage["inputs"]] == ["signal/signal"]
    assert [node["record_id"] for node in use_client().lineage.upstream(saved.record_id)["records"]][1:] == [raw.record_id]
    assert mean(doubled(raw)).was_hit


def use_client():
    from holdfast.lineage.current import current

    return current()


def test_data_that_were_changed_in_place_are_not_the_records(ran):
    raw = Raw.save(numpy.arange(4.0))
    Mean.save(mean(raw))
    raw.data += 1
    assert not mean(raw).was_hit
    with pytest.raises(holdfast.HoldfastError, match="were changed since it was loaded"):
        Mean.save(mean(raw))


def test_a_global_that_was_changed_while_running_counts(ran, monkeypatch):
    space = {"thunk": thunk, "__name__": "__main__"}
    exec("RATE = 2\n@thunk\ndef rated(x):\n    return x * RATE\n", space)
    first = space["rated"](2)
    space["RATE"] = 3
    second = space["rated"](2)
    assert (first.data, second.data) == (4, 6) and first.lineage_hash != second.lineage_hash


def test_what_has_no_identity_is_named(ran):
    with pytest.raises(holdfast.HoldfastError, match=r"guarded.*global LOCK.*generator") as caught:
        guarded(1)
    assert caught.value.code == "no_identity"


def test_a_version_stands_for_the_source(ran):
    Mean.save(measured("a"))
    assert measured("a").was_hit
    with pytest.raises(holdfast.HoldfastError, match="reason"):
        thunk(version="1")(len)


def test_why_says_what_changed(ran):
    from holdfast.lineage import why

    Mean.save(mean(Raw.save(numpy.arange(3.0))))
    assert why(Mean.load()) == []
    Mean.save(mean(Raw.load(), scale=2))
    assert list(map(str, why(Mean.load()))) == ["constant: scale changed from 1 to 2"]
    Raw.save(numpy.arange(4.0))
    Mean.save(mean(Raw.load(), scale=2))
    assert [(change.kind, change.name) for change in why(Mean.load())] == [("input", "signal")]
    space = {"thunk": thunk, "__name__": "__main__", "RATE": 2}
    for rate in (2, 3):
        space["RATE"] = rate
        exec("@thunk\ndef rated(x):\n    return x.mean() * RATE\n", space)
        saved = Spread.save(space["rated"](Raw.load()))
    assert [(change.kind, change.name) for change in why(saved)] == [("function", "global RATE")]


def test_a_reference_is_an_input_and_counts_by_its_name(ran, client):
    first = text_of([Reference.frame("h5://pong/frames/3"), Reference.run("pong")])
    saved = Mean.save(first)
    assert client.lineage.get(saved.record_id)["lineage"]["inputs"] == [
        {"name": "value[0]", "record_id": "h5://pong/frames/3", "type": "frame"},
        {"name": "value[1]", "record_id": "run:pong", "type": "run"},
    ]
    hashes = {first.lineage_hash}
    for value in (Reference.snapshot("a"), Reference.image(1), Reference.episode("1"), "run:pong", Reference.run("pong")):
        hashes.add(text_of(value).lineage_hash)
    assert len(hashes) == 6
    assert text_of([Reference.frame("h5://pong/frames/3"), Reference.run("pong")]).was_hit
    with pytest.raises(holdfast.HoldfastError, match="no reference"):
        Reference.frame("pong/frames/3")


def test_many_are_saved_in_few_requests(ran, client, monkeypatch):
    called = []
    call = client.call
    monkeypatch.setattr(client, "call", lambda method, *rest: called.append(method) or call(method, *rest))
    saved = Raw.save_all(((numpy.arange(3.0) + k, {"k": k}) for k in range(1001)))
    assert called == ["variables.save_many"] * 2
    assert [Raw.load(k=k).data.tolist() for k in (0, 1000)] == [[0, 1, 2], [1000, 1001, 1002]]
    assert saved[7].metadata == {"k": 7} and saved[7].record_id == Raw.load(k=7).record_id and saved[7].is_unchanged
    outputs = [mean(raw) for raw in saved[:2]]
    Mean.save_all((output, {"k": k}) for k, output in enumerate(outputs))
    assert mean(saved[1]).was_hit and outputs[0].record_id == Mean.load(k=0).record_id
    called.clear()
    Raw.save_all([(numpy.zeros(3 << 20), {"large": k}) for k in range(3)])
    assert called == ["variables.save_many"] * 3, "32 MiB at most in one"
