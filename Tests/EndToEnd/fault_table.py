"""Hooks of pytest that count which cells of the table of faults the tests have shown, and print it."""

import collections

import pytest

from faults import FAULTS, NOT_APPLICABLE, SUBJECTS, cells_of

_OUTCOMES = pytest.StashKey[dict]()


def pytest_configure(config):
    config.stash[_OUTCOMES] = collections.defaultdict(collections.Counter)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    # Its call; or what kept it from being called, or failed after it.
    if report.when == "call" or report.outcome != "passed":
        for cell in cells_of(item):
            item.config.stash[_OUTCOMES][cell][report.outcome] += 1
    return report


def pytest_terminal_summary(terminalreporter, config):
    outcomes = config.stash[_OUTCOMES]
    if outcomes:
        terminalreporter.section("faults")
        for line in table(outcomes):
            terminalreporter.write_line(line)


def table(outcomes):
    """Lines of text: a row for each fault, a column for each subject, and the reasons for cells that can't be."""
    reasons = list(dict.fromkeys(NOT_APPLICABLE.values()))
    width = max(map(len, FAULTS))
    yield " " * width + "".join(f"{subject:>11}" for subject in SUBJECTS)
    for fault in FAULTS:
        cells = [_cell(outcomes.get((fault, subject)), NOT_APPLICABLE.get((fault, subject)), reasons) for subject in SUBJECTS]
        yield f"{fault:<{width}}" + "".join(f"{cell:>11}" for cell in cells)
    yield "✓ n: n tests passed   ✗: one failed   ○: skipped here   ·: not run   –: not applicable"
    for number, reason in enumerate(reasons, 1):
        yield f"–{number} {reason}"


def _cell(outcome, reason, reasons):
    if outcome is None:
        return f"–{reasons.index(reason) + 1}" if reason else "·"
    if outcome["failed"]:
        return "✗"
    return f"✓ {outcome['passed']}" if outcome["passed"] else "○"
