"""Which modules are the project's, and the versions of the others."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import sys
import sysconfig
from types import ModuleType
from typing import Any, Optional

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


@functools.lru_cache(maxsize=None)
def _is_project_file(filename: str) -> bool:
    path = os.path.realpath(filename)
    if {"site-packages", "dist-packages"} & set(path.split(os.sep)) or path.startswith(os.path.realpath(_PACKAGE) + os.sep):
        return False
    library = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
    return not any(path.startswith(os.path.realpath(folder) + os.sep) for folder in library if folder)


def is_project(module: Optional[str]) -> bool:
    """Whether a module's functions are looked into: not this package's, the standard library's or an installed package's."""
    loaded = sys.modules.get(module or "")
    if module == "__main__":
        return True
    if loaded is None:
        return module is not None and module.split(".")[0] not in sys.modules and not is_ours(module)
    filename = getattr(loaded, "__file__", None)
    if filename is None:  # a package without an __init__.py, or a module that was made by hand
        return bool(getattr(loaded, "__path__", None)) and any(map(_is_project_file, loaded.__path__))
    return _is_project_file(filename)


def is_ours(module: Optional[str]) -> bool:
    """Whether a module is a part of this package."""
    return module is not None and module.split(".")[0] == __name__.split(".")[0]


def version_of(module: Optional[str]) -> str:
    """The version of the package that a module belongs to; of the standard library, Python's."""
    top = (module or "builtins").split(".")[0]
    if is_ours(top):
        return ""
    version = _version(sys.modules.get(top), top)
    return version or f"python {sys.version_info[0]}.{sys.version_info[1]}"


def _version(module: Optional[ModuleType], top: str) -> Optional[str]:
    version: Any = getattr(module, "__version__", None)
    if isinstance(version, str):
        return version
    return _installed(top)


@functools.lru_cache(maxsize=None)
def _installed(top: str) -> Optional[str]:
    if top in getattr(sys, "stdlib_module_names", ()) or top in sys.builtin_module_names:
        return None
    try:
        return importlib.metadata.version(top)
    except importlib.metadata.PackageNotFoundError:
        return None
