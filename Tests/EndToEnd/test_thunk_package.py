"""What runs again after a change of a Swift program: each change built and run in a new process (HOLDFAST_LONG=1)."""

import pytest

from thunk_package import ThunkPackage

FILTER, LIB, COMMAND = "Sources/Analysis/Filter.swift", "Sources/Lib/Lib.swift", "Sources/Analysis/Command.swift"
CHANGES = {
    "body": (FILTER, "+ peak + low", "+ peak - low"),
    "helper": (FILTER, "inner(x) + library", "inner(x) - library"),
    "helper of a helper": (FILTER, "x * 2", "x * 3"),
    "global constant": (FILTER, "gain = 2.0", "gain = 2.5"),
    "method of a type": (FILTER, "samples.max() ?? 0", "samples.min() ?? 0"),
    "protocol's default method": (FILTER, "{ x * gain }", "{ x * gain * 1 }"),
    "other target": (LIB, "x + 1", "x + 2"),
}
NOTHINGS = {
    "comment": (FILTER, "let gain", "// How much.\nlet gain"),
    "white space": (FILTER, "    let peak = signal.peak()", "\n\n  let peak=signal.peak()"),
    "unrelated function": (FILTER, "func unrelated(_ x: Double) -> Double { x }", "func unrelated(_ x: Double) -> Double { -x }"),
    "renamed local": (FILTER, "let peak = signal.peak()\n    return", "let top = signal.peak()\n    return"),
}


@pytest.mark.timeout(5400)
def test_what_changed_runs_again_and_nothing_else(server, tmp_path):
    package = ThunkPackage(tmp_path / "package")
    table = [("first", package.run(server)), ("again", package.run(server))]
    for name, edit in {**CHANGES, **NOTHINGS}.items():
        package.restore()
        package.edit(*edit)
        if name == "renamed local":
            package.edit(FILTER, "+ peak + low", "+ top + low")
        table.append((name, package.run(server)))
    package.restore()
    package.move(FILTER, "Sources/Analysis/Elsewhere/Renamed.swift")
    table.append(("moved file", package.run(server)))
    print(*(f"{found:4} {name}" for name, found in table), sep="\n")
    expected = dict.fromkeys(["first", *CHANGES], "run") | dict.fromkeys(["again", *NOTHINGS, "moved file"], "hit")
    assert dict(table) == expected
