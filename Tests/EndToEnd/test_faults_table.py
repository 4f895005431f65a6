"""Each fault meets each subject in some test, or there is a reason why it can't."""

import json
import subprocess
import sys
from pathlib import Path

from faults import FAULTS, NOT_APPLICABLE, SUBJECTS

#: In a process of its own, since this one may have collected a part of the tests only.
COLLECT = """
import json, sys, pytest
from faults import cells_of

class Cells:
    def pytest_collection_modifyitems(self, items):
        self.found = sorted({cell for item in items for cell in cells_of(item)})

cells = Cells()
code = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", *sys.argv[1:]], plugins=[cells])
print(json.dumps(cells.found))
sys.exit(code)
"""


def test_every_cell_is_shown():
    here = Path(__file__).parent
    marked = [path for path in sorted(here.glob("test_*.py")) if "fault" in path.read_text()]
    command = [sys.executable, "-c", COLLECT, *marked]
    collected = subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=100)
    assert collected.returncode == 0, collected.stdout[-3000:] + collected.stderr[-3000:]
    shown = {tuple(cell) for cell in json.loads(collected.stdout.splitlines()[-1])}
    cells = {(fault, subject) for fault in FAULTS for subject in SUBJECTS}
    missing = sorted(cells - shown - NOT_APPLICABLE.keys())
    assert not missing, f"no test shows {missing}, and faults.py has no reason why"
    assert not shown & NOT_APPLICABLE.keys(), "what is not applicable can't be shown"
