"""What a function is: what its hash covers, and what it does not."""

import importlib.util
import sys
import textwrap

import pytest

from holdfast.lineage.identity import Graph


def edited(text, old, new):
    """A text and what an edit makes of it."""
    assert text.count(old) == 1
    return text, text.replace(old, new)


DIFFERENT = {
    "lambda one line": edited(
        """
        f, g = (lambda x: x+1), (lambda x: x+2)
        """,
        "x+1",
        "x+3",
    ),
    "singledispatch impl": edited(
        """
        import functools
        @functools.singledispatch
        def g(x): return 1
        @g.register
        def _(x: int): return 2
        def f(x): return g(x)
        """,
        "return 2",
        "return 3",
    ),
    "singledispatch base": edited(
        """
        import functools
        @functools.singledispatch
        def g(x): return 1
        @g.register
        def _(x: int): return 2
        def f(x): return g(x)
        """,
        "return 1",
        "return 4",
    ),
    "lru body": edited(
        """
        import functools
        @functools.lru_cache(None)
        def g(x): return 1
        def f(x): return g(x)
        """,
        "return 1",
        "return 2",
    ),
    "ctx body": edited(
        """
        import contextlib
        @contextlib.contextmanager
        def g():
            yield 1
        def f(x):
            with g() as y: return y
        """,
        "yield 1",
        "yield 2",
    ),
    "partial arg": edited(
        """
        import functools
        def g(a,b): return a+b
        h=functools.partial(g,1)
        def f(x): return h(x)
        """,
        "g,1",
        "g,2",
    ),
    "pattern": edited(
        """
        import re, logging, pathlib, datetime, decimal, collections
        LOG=logging.getLogger('a')
        PAT=re.compile('a')
        PA=pathlib.Path('/x')
        DA=datetime.date(2020,1,1)
        DE=decimal.Decimal('1.5')
        N=collections.namedtuple('N','a b')
        NV=N(1,1)
        def f(x):
            LOG.info('x'); return PAT, PA, DA, DE, NV
        """,
        "re.compile('a'",
        "re.compile('b'",
    ),
    "date": edited(
        """
        import re, logging, pathlib, datetime, decimal, collections
        LOG=logging.getLogger('a')
        PAT=re.compile('a')
        PA=pathlib.Path('/x')
        DA=datetime.date(2020,1,1)
        DE=decimal.Decimal('1.5')
        N=collections.namedtuple('N','a b')
        NV=N(1,1)
        def f(x):
            LOG.info('x'); return PAT, PA, DA, DE, NV
        """,
        "2020,1,1",
        "2020,1,2",
    ),
    "namedtuple": edited(
        """
        import re, logging, pathlib, datetime, decimal, collections
        LOG=logging.getLogger('a')
        PAT=re.compile('a')
        PA=pathlib.Path('/x')
        DA=datetime.date(2020,1,1)
        DE=decimal.Decimal('1.5')
        N=collections.namedtuple('N','a b')
        NV=N(1,1)
        def f(x):
            LOG.info('x'); return PAT, PA, DA, DE, NV
        """,
        "N(1,1",
        "N(1,2",
    ),
    "inherited method": edited(
        """
        class Base:
            def m(self): return 1
            @property
            def p(self): return 1
            @staticmethod
            def s(): return 1
        class A(Base):
            pass
        def f(x): return A().m()
        """,
        "m(self): return 1",
        "m(self): return 2",
    ),
    "property": edited(
        """
        class Base:
            def m(self): return 1
            @property
            def p(self): return 1
            @staticmethod
            def s(): return 1
        class A(Base):
            pass
        def f(x): return A().m()
        """,
        "p(self): return 1",
        "p(self): return 2",
    ),
    "static": edited(
        """
        class Base:
            def m(self): return 1
            @property
            def p(self): return 1
            @staticmethod
            def s(): return 1
        class A(Base):
            pass
        def f(x): return A().m()
        """,
        "s(): return 1",
        "s(): return 2",
    ),
    "annotated type": edited(
        """
        class V:
            def __add__(s,o): return 1
        def f(x: V, y: 'V'): return x+y
        """,
        "return 1",
        "return 2",
    ),
    "swapped locals": edited(
        """
        def f(x):
            a=1; b=2
            return a-b
        """,
        "a-b",
        "b-a",
    ),
    "parameter renamed": edited(
        """
        def f(x): return x
        """,
        "x): return x",
        "y): return y",
    ),
    "global vs local": (
        """
        A=1
        def f(x):
            A=2
            return A
        """,
        """
        A=1
        def f(x):
            global A
            A=2
            return A
        """,
    ),
    "getattr globals()": edited(
        """
        def g(): return 1
        def f(x): return globals()['g']()
        """,
        "return 1",
        "return 2",
    ),
    "list global nested fn": edited(
        """
        def a(): return 1
        T={'a': a}
        def f(x): return T[x]()
        """,
        "return 1",
        "return 2",
    ),
    "decorator args": edited(
        """
        def d(n):
            def w(g): return g
            return w
        @d(1)
        def f(x): return x
        """,
        "d(1",
        "d(2",
    ),
    "decorator args global": edited(
        """
        K=1
        def d(n):
            def w(g): return g
            return w
        @d(K)
        def f(x): return x
        """,
        "K=1",
        "K=2",
    ),
    "slots": edited(
        """
        class A:
            __slots__=('a',)
            def __init__(s,a): s.a=a
        X=A(1)
        def f(x): return X.a
        """,
        "A(1",
        "A(2",
    ),
    "method call chain on global instance": edited(
        """
        class A:
            def go(self): return 1
        X=A()
        def f(x): return X.go()
        """,
        "return 1",
        "return 2",
    ),
    "super": edited(
        """
        class A:
            def go(self): return 1
        class B(A):
            def go(self): return super().go()
        def f(x): return B().go()
        """,
        "return 1",
        "return 3",
    ),
    "default expr value": edited(
        """
        A=1
        def f(x, k=A): return k
        """,
        "A=1",
        "A=2",
    ),
    "fstring": edited(
        """
        def f(x): return f'{x:>3}'
        """,
        "x:>3",
        "x:>4",
    ),
    "nested class attr": (
        """
        def f(x):
            a=1
            class Q: a=2
            return Q.a
        """,
        """
        def f(x):
            b=1
            class Q: b=2
            return Q.a
        """,
    ),
    "async/await": edited(
        """
        async def f(x): return x
        """,
        "async def",
        "def",
    ),
    "two globals swapped": (
        """
        A=1
        B=2
        def f(x): return A-B
        """,
        """
        A=2
        B=1
        def f(x): return A-B
        """,
    ),
    "outputs": edited(
        """
        from holdfast.lineage import thunk
        @thunk
        def f(x): return x
        """,
        "@thunk",
        "@thunk(outputs=2)",
    ),
    "class cell": edited(
        """
        class A:
            z=1
            def go(self): return __class__.z
        def f(x): return A().go()
        """,
        "z=1",
        "z=2",
    ),
    "cached_property": edited(
        """
        import functools
        class A:
            @functools.cached_property
            def go(self): return 1
        def f(x): return A().go
        """,
        "return 1",
        "return 2",
    ),
    "custom descriptor": edited(
        """
        class D:
            def __get__(s,i,o): return 1
        class A:
            d=D()
        def f(x): return A().d
        """,
        "return 1",
        "return 2",
    ),
    "env builtin": edited(
        """
        import os
        def f(x): return os.path.join(x,'a')
        """,
        "os.path.join(x,'a'",
        "os.path.split(x",
    ),
    "local shadows builtin": (
        """
        def f(x):
            abs=x
            return abs
        """,
        """
        def f(x):
            return abs
        """,
    ),
    "inner shadow differs": edited(
        """
        def f(x):
            a=1
            def g(a): return a
            return g(x)
        """,
        "g(a",
        "g(b",
    ),
    "locals()": edited(
        """
        def f(x):
            a=1
            return locals()
        """,
        "a=1",
        "b=1",
    ),
    "kwarg name": edited(
        """
        def g(**k): return k
        def f(x):
            a=1
            return g(a=a)
        """,
        "g(a",
        "g(b",
    ),
    "del/global collide": edited(
        """
        def f(x):
            a=x
            b=a
            return A

        A=1
        """,
        "return A",
        "return b",
    ),
    "missing global later": (
        """
        def f(x): return later(x)
        """,
        """
        def f(x): return later(x)
        def later(x): return 1
        """,
    ),
    "mutual recursion": edited(
        """
        def f(x): return g(x)
        def g(x): return f(x) or 1
        """,
        "or 1",
        "or 2",
    ),
    "module attr via alias": edited(
        """
        import helper_module as m
        def f(x): return m.h(x)
        """,
        "m.h",
        "m.k",
    ),
    "__init_subclass__": edited(
        """
        class B:
            def __init_subclass__(c): c.k=1
        class A(B): pass
        def f(x): return A.k
        """,
        "c.k=1",
        "c.k=2",
    ),
    "metaclass": edited(
        """
        class M(type):
            def __call__(c): return 1
        class A(metaclass=M): pass
        def f(x): return A()
        """,
        "return 1",
        "return 2",
    ),
    "defaultdict": edited(
        """
        import collections
        D=collections.defaultdict(list)
        def f(x): return D
        """,
        "list",
        "int",
    ),
    "deque": edited(
        """
        import collections
        D=collections.deque([1])
        def f(x): return D
        """,
        "collections.deque([1",
        "collections.deque([2",
    ),
    "dict subclass": edited(
        """
        class T(dict): pass
        D=T(a=1)
        def f(x): return D
        """,
        "a=1",
        "a=2",
    ),
    "str subclass": edited(
        """
        class T(str): pass
        D=T('a')
        def f(x): return D
        """,
        "'a'",
        "'b'",
    ),
    "object array": edited(
        """
        import numpy as np
        A=np.array([1,'a'],object)
        def f(x): return A
        """,
        "np.array([1",
        "np.array([2",
    ),
    "masked": edited(
        """
        import numpy as np
        A=np.ma.array([1,2],mask=[0,1])
        def f(x): return A
        """,
        "0,1",
        "1,0",
    ),
    "structured": edited(
        """
        import numpy as np
        A=np.zeros(2,[('a','i4')])
        def f(x): return A
        """,
        "'a'",
        "'b'",
    ),
    "tuple nest": edited(
        """
        A=((1,2),3)
        def f(x): return A
        """,
        "(1,2),3",
        "1,(2,3)",
    ),
    "global int bool": edited(
        """
        A=1
        def f(x): return A
        """,
        "A=1",
        "A=True",
    ),
    "-0.0": edited(
        """
        A=0.0
        def f(x): return A
        """,
        "0.0",
        "-0.0",
    ),
    "import module inside": edited(
        """
        def f(x):
            import helper_module
            return helper_module.h(x)
        """,
        "helper_module.h",
        "helper_module.k",
    ),
    "callable class deco": edited(
        """
        class D:
            def __init__(s,g): s.g=g
            def __call__(s,*a): return s.g(*a)
        @D
        def g(x): return 1
        def f(x): return g(x)
        """,
        "return 1",
        "return 2",
    ),
    "total_ordering": edited(
        """
        import functools
        @functools.total_ordering
        class A:
            def __lt__(s,o): return 1
            def __eq__(s,o): return 1
        def f(x): return A()>A()
        """,
        "__lt__(s,o): return 1",
        "__lt__(s,o): return 0",
    ),
}

SAME = {
    "nested function renamed local": (
        """
        def f(x):
            a=1
            def g(y):
                return a+y
            return g(x)
        """,
        """
        def f(x):
            b=1
            def g(y):
                return b+y
            return g(x)
        """,
    ),
    "swapped renamed": (
        """
        def f(x):
            a=1; b=2
            return a-b
        """,
        """
        def f(x):
            b=1; a=2
            return b-a
        """,
    ),
    "set order": edited(
        """
        S={'a','b','c'}
        def f(x): return x in S
        """,
        "'a','b','c'",
        "'c','b','a'",
    ),
    "match": (
        """
        def f(x):
            match x:
                case [a, *b]: return a
                case {'k': v, **r}: return v
            return 0
        """,
        """
        def f(x):
            match x:
                case [c, *d]: return c
                case {'k': w, **q}: return w
            return 0
        """,
    ),
    "thunk decorator form": (
        """
        from holdfast.lineage import thunk
        @thunk
        def f(x): return x
        """,
        """
        import holdfast.lineage as hl
        @hl.thunk()
        def f(x): return x
        """,
    ),
    "walrus in comp": edited(
        """
        def f(x): return [y for z in x if (y := z)]
        """,
        "y for z in x if (y",
        "q for z in x if (q",
    ),
    "except name": edited(
        """
        def f(x):
            try: return 1
            except ValueError as e: return e
        """,
        "e: return e",
        "err: return err",
    ),
    "with/for": (
        """
        def f(x):
            for i in x:
                with i as h: print(h)
        """,
        """
        def f(x):
            for j in x:
                with j as k: print(k)
        """,
    ),
    "nonlocal": (
        """
        def f(x):
            n=0
            def g():
                nonlocal n
                n+=x
            g(); return n
        """,
        """
        def f(x):
            m=0
            def g():
                nonlocal m
                m+=x
            g(); return m
        """,
    ),
    "inner shadow": (
        """
        def f(x):
            a=1
            def g(a): return a
            return g(a)
        """,
        """
        def f(x):
            b=1
            def g(a): return a
            return g(b)
        """,
    ),
    "monkey class attr order": (
        """
        class A:
            x=1
            y=2
        def f(z): return A.x
        """,
        """
        class A:
            y=2
            x=1
        def f(z): return A.x
        """,
    ),
    "ndarray view": edited(
        """
        import numpy as np
        A=np.arange(10)[::2]
        def f(x): return A
        """,
        "10)[::2]",
        "0,10,2)",
    ),
    "one array or two equal ones": (
        """
        import numpy as np
        B=np.arange(3)
        A=[B,B]
        def f(x): return A
        """,
        """
        import numpy as np
        A=[np.arange(3),np.arange(3)]
        def f(x): return A
        """,
    ),
}

#: Sources beside those above that must have one identity each time that they are loaded.
STABLE = {
    "import inside": """
        def f(x):
            from helper_module import h
            return h(x)
        """,
    "generic dataclass": """
        import dataclasses, typing
        @dataclasses.dataclass(frozen=True)
        class D:
            a: int = 1
            b: list = dataclasses.field(default_factory=list)
            def m(self): return 1
        def f(x): return D().m()
        """,
    "abc": """
        import abc, typing
        T=typing.TypeVar('T')
        class D(abc.ABC, typing.Generic[T]):
            @abc.abstractmethod
            def m(self): ...
        class E(D[int]):
            def m(self): return 1
        def f(x): return E().m()
        """,
    "numpy things": """
        import numpy as np
        from scipy import signal
        R=np.random.default_rng(3)
        U=np.vectorize(abs)
        def f(x): return signal.butter(2,.1), np.linalg.norm(x), np.float32(1), R, U, np.pi
        """,
    "lock global": """
        import threading
        L=threading.Lock()
        def f(x):
            with L: return x
        """,
    "typing alias": """
        import typing
        A=typing.Union[int,str]
        B=list[int]
        def f(x): return typing.cast(A, x), B
        """,
    "Protocol/TypedDict": """
        import typing
        class P(typing.Protocol):
            def m(self): ...
        class TD(typing.TypedDict):
            a: int
        def f(x: P, y: TD): return x
        """,
    "IntEnum/Flag": """
        import enum
        class E(enum.IntFlag):
            A=1
            B=2
        V=E.A|E.B
        def f(x): return V
        """,
    "NewType/ParamSpec": """
        import typing
        U=typing.NewType('U',int)
        def f(x: U): return U(x)
        """,
}


@pytest.fixture
def identity(tmp_path, monkeypatch):
    """The identity of the function `f` of a module with this source."""
    (tmp_path / "helper_module.py").write_text("def h(x):\n    return 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    count = []

    def of(text):
        count.append(1)
        path = tmp_path / f"module{len(count)}.py"
        path.write_text(textwrap.dedent(text))
        spec = importlib.util.spec_from_file_location("project_module", path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "project_module", module)
        spec.loader.exec_module(module)
        of.module = module
        return Graph().identity(module.f, "f").hash

    return of


@pytest.mark.parametrize("texts", DIFFERENT.values(), ids=DIFFERENT)
def test_what_makes_another_function(identity, texts):
    first = identity(texts[0])
    assert identity(texts[1]) != first
    assert identity(texts[0]) == first


@pytest.mark.parametrize("text", STABLE.values(), ids=STABLE)
def test_what_is_one_function_however_often_it_is_loaded(identity, text):
    assert identity(text) == identity(text)


@pytest.mark.parametrize("texts", SAME.values(), ids=SAME)
def test_what_makes_the_same_function(identity, texts):
    if "match x" in texts[0] and sys.version_info < (3, 10):
        pytest.skip("match is newer")
    assert identity(texts[0]) == identity(texts[1])


def test_a_file_that_was_edited_after_its_import_is_not_what_runs(identity, tmp_path):
    first = identity("def f(x):\n    return 1\n")
    second = identity("def f(x):\n    return 2\n")
    assert first != second
    module = identity.module
    source = tmp_path / "module2.py"
    source.write_text("def f(x):\n    return 1\n")
    assert Graph().identity(module.f, "f").hash != first


def test_another_version_of_a_package_makes_another_function(identity, monkeypatch):
    text = "import numpy as np\ndef f(x):\n    return np.sin(x)\n"
    first = identity(text)
    assert identity(text) == first
    monkeypatch.setattr("numpy.__version__", "0.1")
    assert identity(text) != first
