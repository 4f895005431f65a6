"""Reads the text format of Prometheus, version 0.0.4, and refuses what isn't that."""

import collections
import math
import re

_SAMPLE = re.compile(
    r'(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (?P<value>\S+)'
)
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
_SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


class Metrics:
    """The families of an exposition: what kind each is, and its samples by their labels."""

    def __init__(self, text):
        assert text.endswith("\n"), "the last line ends too"
        self.kinds, self.helps = {}, {}
        self.samples = collections.defaultdict(dict)
        family = None
        for line in text.splitlines():
            if line.startswith("# HELP "):
                family = line.split(" ", 3)[2]
                assert family not in self.helps, f"{family} has one HELP, and its samples stand together"
                self.helps[family] = line.split(" ", 3)[3]
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name == family and name not in self.kinds and kind in _SUFFIXES, line
                self.kinds[name] = kind
            else:
                self._add(line, family)
        for name, kind in self.kinds.items():
            if kind == "histogram":
                self._check_histogram(name)
            if kind == "counter":
                assert name.endswith("_total"), f"{name}: counters end with _total"

    def _add(self, line, family):
        found = _SAMPLE.fullmatch(line)
        assert found, f"not a sample: {line}"
        name = found["name"]
        assert name in {family + suffix for suffix in _SUFFIXES[self.kinds[family]]}, f"{line} is not of {family}"
        labels = frozenset(_LABEL.findall(found["labels"] or ""))
        assert labels not in self.samples[name], f"twice: {line}"
        value = float(found["value"])
        assert self.kinds[family] == "gauge" or value >= 0, line
        self.samples[name][labels] = value

    def _check_histogram(self, name):
        series = collections.defaultdict(dict)
        for labels, value in self.samples[f"{name}_bucket"].items():
            bound = float(dict(labels)["le"].replace("Inf", "inf"))
            series[frozenset(label for label in labels if label[0] != "le")][bound] = value
        assert set(series) == set(self.samples[f"{name}_count"]) == set(self.samples[f"{name}_sum"]), name
        for labels, buckets in series.items():
            counts = [buckets[bound] for bound in sorted(buckets)]
            assert counts == sorted(counts), f"{name}{dict(labels)} does not grow: {counts}"
            assert buckets[math.inf] == self.samples[f"{name}_count"][labels]

    def value(self, name, **labels):
        """The value of one sample; 0 where there is none."""
        return self.samples[name].get(frozenset(labels.items()), 0)
