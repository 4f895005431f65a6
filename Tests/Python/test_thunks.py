"""Thunks: what must run again, what must not, and what is said of it."""

import subprocess
import sys
import textwrap

import numpy
import pytest

import holdfast
from holdfast.lineage import BaseVariable, thunk, use
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
    "renamed variable of a comprehension": ("pipeline.py", "[value for value in cleaned if value >= 0]", "[v for v in cleaned if v >= 0]"),
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
