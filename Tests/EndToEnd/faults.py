"""What may go wrong, and what that must not harm.

Whatever happens, nothing that was acknowledged is lost at the durability that was promised, what was not acknowledged is
there whole or not at all, and the server comes back by itself or says what to do. Each fault meets each subject in a test
that is marked so::

    @pytest.mark.fault("disk full", "steps", "labels")

or, where it is run for each subject, by `on`. At the end of a run the table of faults and subjects is printed, with how many
tests have shown each cell. A cell that no test shows needs a reason in `NOT_APPLICABLE`; `test_every_cell_is_shown` fails
for one that has neither.
"""

import pytest

#: Each with how it is made to happen.
FAULTS = {
    "server killed": "kill -9 of the server at any moment, then a new one",
    "client killed": "kill -9 of the process that sends",
    "server stopped": "SIGSTOP of the server, SIGCONT later",
    "connection cut": "a connection that ends in the middle of a frame, in order or reset",
    "half-open connection": "a peer that neither sends, reads nor closes any more",
    "disk full": "a file system without a free block",
    "disk read error": "EIO for reads of a file",
    "disk write error": "EIO when what was written is to be synced",
    "read-only data": "EROFS for whatever changes the data directory; at the start, a directory that may not be written",
    "clock jump": "the wall clock set forward and back",
    "no descriptors": "more connections at both doors than the server may have files open; a limit at what it has open",
    "file damaged": "bytes of the database or an array file changed, zeroed or cut off",
    "power lost": "all writes since a file's last sync lost, or some of them",
}

#: "start-up": the server is started while the fault is there, or meets it while it starts.
SUBJECTS = ("steps", "metrics", "labels", "variables", "snapshots", "seal", "prune", "backup", "start-up")

NOT_APPLICABLE = {
    ("client killed", "start-up"): "no client is connected to a server that starts",
    ("connection cut", "start-up"): "the doors open when the start is over",
}


def on(fault, *subjects):
    """Runs a test for each subject, as its argument `subject`, and marks it so."""
    return pytest.mark.parametrize(
        "subject", [pytest.param(subject, marks=pytest.mark.fault(fault, subject), id=subject) for subject in subjects]
    )


def cells_of(item):
    """The cells that a test shows."""
    found = []
    for marker in item.iter_markers("fault"):
        fault, *subjects = marker.args
        assert fault in FAULTS, f"{item.nodeid}: the fault {fault!r} is none of {', '.join(FAULTS)}"
        for subject in subjects:
            assert subject in SUBJECTS, f"{item.nodeid}: the subject {subject!r} is none of {', '.join(SUBJECTS)}"
            found.append((fault, subject))
    return found
