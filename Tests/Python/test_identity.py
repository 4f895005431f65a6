"""What a function is: what its hash covers, and what it does not."""

import importlib.util
import sys
import textwrap

import pytest

from holdfast.lineage.identity import Graph

DIFFERENT = {
    "lambda one line": (
        """
        f, g = (lambda x: x+1), (lambda x: x+2)
        """,
        """
        f, g = (lambda x: x+3), (lambda x: x+2)
        """,
    ),
    "singledispatch impl": (
        """
        import functools
        @functools.singledispatch
        def g(x): return 1
        @g.register
        def _(x: int): return 2
        def f(x): return g(x)
        """,
        """
        import functools
        @functools.singledispatch
        def g(x): return 1
        @g.register
        def _(x: int): return 3
        def f(x): return g(x)
        """,
    ),
    "singledispatch base": (
        """
        import functools
        @functools.singledispatch
        def g(x): return 1
        @g.register
        def _(x: int): return 2
        def f(x): return g(x)
        """,
        """
        import functools
        @functools.singledispatch
        def g(x): return 4
        @g.register
        def _(x: int): return 2
        def f(x): return g(x)
        """,
    ),
    "lru body": (
        """
        import functools
        @functools.lru_cache(None)
        def g(x): return 1
        def f(x): return g(x)
        """,
        """
        import functools
        @functools.lru_cache(None)
        def g(x): return 2
        def f(x): return g(x)
        """,
    ),
    "ctx body": (
        """
        import contextlib
        @contextlib.contextmanager
        def g():
            yield 1
        def f(x):
            with g() as y: return y
        """,
        """
        import contextlib
        @contextlib.contextmanager
        def g():
            yield 2
        def f(x):
            with g() as y: return y
        """,
    ),
    "partial arg": (
        """
        import functools
        def g(a,b): return a+b
        h=functools.partial(g,1)
        def f(x): return h(x)
        """,
        """
        import functools
        def g(a,b): return a+b
        h=functools.partial(g,2)
        def f(x): return h(x)
        """,
    ),
    "pattern": (
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
        """
        import re, logging, pathlib, datetime, decimal, collections
        LOG=logging.getLogger('a')
        PAT=re.compile('b')
        PA=pathlib.Path('/x')
        DA=datetime.date(2020,1,1)
        DE=decimal.Decimal('1.5')
        N=collections.namedtuple('N','a b')
        NV=N(1,1)
        def f(x):
            LOG.info('x'); return PAT, PA, DA, DE, NV
        """,
    ),
    "date": (
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
        """
        import re, logging, pathlib, datetime, decimal, collections
        LOG=logging.getLogger('a')
        PAT=re.compile('a')
        PA=pathlib.Path('/x')
        DA=datetime.date(2020,1,2)
        DE=decimal.Decimal('1.5')
        N=collections.namedtuple('N','a b')
        NV=N(1,1)
        def f(x):
            LOG.info('x'); return PAT, PA, DA, DE, NV
        """,
    ),
    "namedtuple": (
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
        """
        import re, logging, pathlib, datetime, decimal, collections
        LOG=logging.getLogger('a')
        PAT=re.compile('a')
        PA=pathlib.Path('/x')
        DA=datetime.date(2020,1,1)
        DE=decimal.Decimal('1.5')
        N=collections.namedtuple('N','a b')
        NV=N(1,2)
        def f(x):
            LOG.info('x'); return PAT, PA, DA, DE, NV
        """,
    ),
    "inherited method": (
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
        """
        class Base:
            def m(self): return 2
            @property
            def p(self): return 1
            @staticmethod
            def s(): return 1
        class A(Base):
            pass
        def f(x): return A().m()
        """,
    ),
    "property": (
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
        """
        class Base:
            def m(self): return 1
            @property
            def p(self): return 2
            @staticmethod
            def s(): return 1
        class A(Base):
            pass
        def f(x): return A().m()
        """,
    ),
    "static": (
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
        """
        class Base:
            def m(self): return 1
            @property
            def p(self): return 1
            @staticmethod
            def s(): return 2
        class A(Base):
            pass
        def f(x): return A().m()
        """,
    ),
    "annotated type": (
        """
        class V:
            def __add__(s,o): return 1
        def f(x: V, y: 'V'): return x+y
        """,
        """
        class V:
            def __add__(s,o): return 2
        def f(x: V, y: 'V'): return x+y
        """,
    ),
    "swapped locals": (
        """
        def f(x):
            a=1; b=2
            return a-b
        """,
        """
        def f(x):
            a=1; b=2
            return b-a
        """,
    ),
    "parameter renamed": (
        """
        def f(x): return x
        """,
        """
        def f(y): return y
        """,
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
    "getattr globals()": (
        """
        def g(): return 1
        def f(x): return globals()['g']()
        """,
        """
        def g(): return 2
        def f(x): return globals()['g']()
        """,
    ),
    "list global nested fn": (
        """
        def a(): return 1
        T={'a': a}
        def f(x): return T[x]()
        """,
        """
        def a(): return 2
        T={'a': a}
        def f(x): return T[x]()
        """,
    ),
    "decorator args": (
        """
        def d(n):
            def w(g): return g
            return w
        @d(1)
        def f(x): return x
        """,
        """
        def d(n):
            def w(g): return g
            return w
        @d(2)
        def f(x): return x
        """,
    ),
    "decorator args global": (
        """
        K=1
        def d(n):
            def w(g): return g
            return w
        @d(K)
        def f(x): return x
        """,
        """
        K=2
        def d(n):
            def w(g): return g
            return w
        @d(K)
        def f(x): return x
        """,
    ),
    "slots": (
        """
        class A:
            __slots__=('a',)
            def __init__(s,a): s.a=a
        X=A(1)
        def f(x): return X.a
        """,
        """
        class A:
            __slots__=('a',)
            def __init__(s,a): s.a=a
        X=A(2)
        def f(x): return X.a
        """,
    ),
    "method call chain on global instance": (
        """
        class A:
            def go(self): return 1
        X=A()
        def f(x): return X.go()
        """,
        """
        class A:
            def go(self): return 2
        X=A()
        def f(x): return X.go()
        """,
    ),
    "super": (
        """
        class A:
            def go(self): return 1
        class B(A):
            def go(self): return super().go()
        def f(x): return B().go()
        """,
        """
        class A:
            def go(self): return 3
        class B(A):
            def go(self): return super().go()
        def f(x): return B().go()
        """,
    ),
    "default expr value": (
        """
        A=1
        def f(x, k=A): return k
        """,
        """
        A=2
        def f(x, k=A): return k
        """,
    ),
    "fstring": (
        """
        def f(x): return f'{x:>3}'
        """,
        """
        def f(x): return f'{x:>4}'
        """,
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
    "async/await": (
        """
        async def f(x): return x
        """,
        """
        def f(x): return x
        """,
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
    "outputs": (
        """
        from holdfast.lineage import thunk
        @thunk
        def f(x): return x
        """,
        """
        from holdfast.lineage import thunk
        @thunk(outputs=2)
        def f(x): return x
        """,
    ),
    "class cell": (
        """
        class A:
            z=1
            def go(self): return __class__.z
        def f(x): return A().go()
        """,
        """
        class A:
            z=2
            def go(self): return __class__.z
        def f(x): return A().go()
        """,
    ),
    "cached_property": (
        """
        import functools
        class A:
            @functools.cached_property
            def go(self): return 1
        def f(x): return A().go
        """,
        """
        import functools
        class A:
            @functools.cached_property
            def go(self): return 2
        def f(x): return A().go
        """,
    ),
    "custom descriptor": (
        """
        class D:
            def __get__(s,i,o): return 1
        class A:
            d=D()
        def f(x): return A().d
        """,
        """
        class D:
            def __get__(s,i,o): return 2
        class A:
            d=D()
        def f(x): return A().d
        """,
    ),
    "env builtin": (
        """
        import os
        def f(x): return os.path.join(x,'a')
        """,
        """
        import os
        def f(x): return os.path.split(x)
        """,
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
    "inner shadow differs": (
        """
        def f(x):
            a=1
            def g(a): return a
            return g(x)
        """,
        """
        def f(x):
            a=1
            def g(b): return a
            return g(x)
        """,
    ),
    "locals()": (
        """
        def f(x):
            a=1
            return locals()
        """,
        """
        def f(x):
            b=1
            return locals()
        """,
    ),
    "kwarg name": (
        """
        def g(**k): return k
        def f(x):
            a=1
            return g(a=a)
        """,
        """
        def g(**k): return k
        def f(x):
            a=1
            return g(b=a)
        """,
    ),
    "del/global collide": (
        """
        def f(x):
            a=x
            b=a
            return A

        A=1
        """,
        """
        def f(x):
            a=x
            b=a
            return b

        A=1
        """,
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
    "mutual recursion": (
        """
        def f(x): return g(x)
        def g(x): return f(x) or 1
        """,
        """
        def f(x): return g(x)
        def g(x): return f(x) or 2
        """,
    ),
    "module attr via alias": (
        """
        import helper_module as m
        def f(x): return m.h(x)
        """,
        """
        import helper_module as m
        def f(x): return m.k(x)
        """,
    ),
    "__init_subclass__": (
        """
        class B:
            def __init_subclass__(c): c.k=1
        class A(B): pass
        def f(x): return A.k
        """,
        """
        class B:
            def __init_subclass__(c): c.k=2
        class A(B): pass
        def f(x): return A.k
        """,
    ),
    "metaclass": (
        """
        class M(type):
            def __call__(c): return 1
        class A(metaclass=M): pass
        def f(x): return A()
        """,
        """
        class M(type):
            def __call__(c): return 2
        class A(metaclass=M): pass
        def f(x): return A()
        """,
    ),
    "defaultdict": (
        """
        import collections
        D=collections.defaultdict(list)
        def f(x): return D
        """,
        """
        import collections
        D=collections.defaultdict(int)
        def f(x): return D
        """,
    ),
    "deque": (
        """
        import collections
        D=collections.deque([1])
        def f(x): return D
        """,
        """
        import collections
        D=collections.deque([2])
        def f(x): return D
        """,
    ),
    "dict subclass": (
        """
        class T(dict): pass
        D=T(a=1)
        def f(x): return D
        """,
        """
        class T(dict): pass
        D=T(a=2)
        def f(x): return D
        """,
    ),
    "str subclass": (
        """
        class T(str): pass
        D=T('a')
        def f(x): return D
        """,
        """
        class T(str): pass
        D=T('b')
        def f(x): return D
        """,
    ),
    "object array": (
        """
        import numpy as np
        A=np.array([1,'a'],object)
        def f(x): return A
        """,
        """
        import numpy as np
        A=np.array([2,'a'],object)
        def f(x): return A
        """,
    ),
    "masked": (
        """
        import numpy as np
        A=np.ma.array([1,2],mask=[0,1])
        def f(x): return A
        """,
        """
        import numpy as np
        A=np.ma.array([1,2],mask=[1,0])
        def f(x): return A
        """,
    ),
    "structured": (
        """
        import numpy as np
        A=np.zeros(2,[('a','i4')])
        def f(x): return A
        """,
        """
        import numpy as np
        A=np.zeros(2,[('b','i4')])
        def f(x): return A
        """,
    ),
    "tuple nest": (
        """
        A=((1,2),3)
        def f(x): return A
        """,
        """
        A=(1,(2,3))
        def f(x): return A
        """,
    ),
    "global int bool": (
        """
        A=1
        def f(x): return A
        """,
        """
        A=True
        def f(x): return A
        """,
    ),
    "-0.0": (
        """
        A=0.0
        def f(x): return A
        """,
        """
        A=-0.0
        def f(x): return A
        """,
    ),
    "import module inside": (
        """
        def f(x):
            import helper_module
            return helper_module.h(x)
        """,
        """
        def f(x):
            import helper_module
            return helper_module.k(x)
        """,
    ),
    "callable class deco": (
        """
        class D:
            def __init__(s,g): s.g=g
            def __call__(s,*a): return s.g(*a)
        @D
        def g(x): return 1
        def f(x): return g(x)
        """,
        """
        class D:
            def __init__(s,g): s.g=g
            def __call__(s,*a): return s.g(*a)
        @D
        def g(x): return 2
        def f(x): return g(x)
        """,
    ),
    "total_ordering": (
        """
        import functools
        @functools.total_ordering
        class A:
            def __lt__(s,o): return 1
            def __eq__(s,o): return 1
        def f(x): return A()>A()
        """,
        """
        import functools
        @functools.total_ordering
        class A:
            def __lt__(s,o): return 0
            def __eq__(s,o): return 1
        def f(x): return A()>A()
        """,
    ),
}

SAME = {
    "import inside": (
        """
        def f(x):
            from helper_module import h
            return h(x)
        """,
        """
        def f(x):
            from helper_module import h
            return h(x)
        """,
    ),
    "singledispatch same": (
        """
        import functools
        @functools.singledispatch
        def g(x): return 1
        @g.register
        def _(x: int): return 2
        def f(x): return g(x)
        """,
        """
        import functools
        @functools.singledispatch
        def g(x): return 1
        @g.register
        def _(x: int): return 2
        def f(x): return g(x)
        """,
    ),
    "lru same": (
        """
        import functools
        @functools.lru_cache(None)
        def g(x): return 1
        def f(x): return g(x)
        """,
        """
        import functools
        @functools.lru_cache(None)
        def g(x): return 1
        def f(x): return g(x)
        """,
    ),
    "ctx same": (
        """
        import contextlib
        @contextlib.contextmanager
        def g():
            yield 1
        def f(x):
            with g() as y: return y
        """,
        """
        import contextlib
        @contextlib.contextmanager
        def g():
            yield 1
        def f(x):
            with g() as y: return y
        """,
    ),
    "partial same": (
        """
        import functools
        def g(a,b): return a+b
        h=functools.partial(g,1)
        def f(x): return h(x)
        """,
        """
        import functools
        def g(a,b): return a+b
        h=functools.partial(g,1)
        def f(x): return h(x)
        """,
    ),
    "stdlib values same": (
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
    ),
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
    "set order": (
        """
        S={'a','b','c'}
        def f(x): return x in S
        """,
        """
        S={'c','b','a'}
        def f(x): return x in S
        """,
    ),
    "generic dataclass": (
        """
        import dataclasses, typing
        @dataclasses.dataclass(frozen=True)
        class D:
            a: int = 1
            b: list = dataclasses.field(default_factory=list)
            def m(self): return 1
        def f(x): return D().m()
        """,
        """
        import dataclasses, typing
        @dataclasses.dataclass(frozen=True)
        class D:
            a: int = 1
            b: list = dataclasses.field(default_factory=list)
            def m(self): return 1
        def f(x): return D().m()
        """,
    ),
    "abc": (
        """
        import abc, typing
        T=typing.TypeVar('T')
        class D(abc.ABC, typing.Generic[T]):
            @abc.abstractmethod
            def m(self): ...
        class E(D[int]):
            def m(self): return 1
        def f(x): return E().m()
        """,
        """
        import abc, typing
        T=typing.TypeVar('T')
        class D(abc.ABC, typing.Generic[T]):
            @abc.abstractmethod
            def m(self): ...
        class E(D[int]):
            def m(self): return 1
        def f(x): return E().m()
        """,
    ),
    "numpy things": (
        """
        import numpy as np
        from scipy import signal
        R=np.random.default_rng(3)
        U=np.vectorize(abs)
        def f(x): return signal.butter(2,.1), np.linalg.norm(x), np.float32(1), R, U, np.pi
        """,
        """
        import numpy as np
        from scipy import signal
        R=np.random.default_rng(3)
        U=np.vectorize(abs)
        def f(x): return signal.butter(2,.1), np.linalg.norm(x), np.float32(1), R, U, np.pi
        """,
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
    "lock global": (
        """
        import threading
        L=threading.Lock()
        def f(x):
            with L: return x
        """,
        """
        import threading
        L=threading.Lock()
        def f(x):
            with L: return x
        """,
    ),
    "typing alias": (
        """
        import typing
        A=typing.Union[int,str]
        B=list[int]
        def f(x): return typing.cast(A, x), B
        """,
        """
        import typing
        A=typing.Union[int,str]
        B=list[int]
        def f(x): return typing.cast(A, x), B
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
    "walrus in comp": (
        """
        def f(x): return [y for z in x if (y := z)]
        """,
        """
        def f(x): return [q for z in x if (q := z)]
        """,
    ),
    "except name": (
        """
        def f(x):
            try: return 1
            except ValueError as e: return e
        """,
        """
        def f(x):
            try: return 1
            except ValueError as err: return err
        """,
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
    "ndarray view": (
        """
        import numpy as np
        A=np.arange(10)[::2]
        def f(x): return A
        """,
        """
        import numpy as np
        A=np.arange(0,10,2)
        def f(x): return A
        """,
    ),
    "Protocol/TypedDict": (
        """
        import typing
        class P(typing.Protocol):
            def m(self): ...
        class TD(typing.TypedDict):
            a: int
        def f(x: P, y: TD): return x
        """,
        """
        import typing
        class P(typing.Protocol):
            def m(self): ...
        class TD(typing.TypedDict):
            a: int
        def f(x: P, y: TD): return x
        """,
    ),
    "IntEnum/Flag": (
        """
        import enum
        class E(enum.IntFlag):
            A=1
            B=2
        V=E.A|E.B
        def f(x): return V
        """,
        """
        import enum
        class E(enum.IntFlag):
            A=1
            B=2
        V=E.A|E.B
        def f(x): return V
        """,
    ),
    "NewType/ParamSpec": (
        """
        import typing
        U=typing.NewType('U',int)
        def f(x: U): return U(x)
        """,
        """
        import typing
        U=typing.NewType('U',int)
        def f(x: U): return U(x)
        """,
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
    assert identity(texts[0]) != identity(texts[1])


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
