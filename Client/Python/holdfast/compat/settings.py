"""wandb's config and summary."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, Mapping, MutableMapping, Tuple

from ..checks import wrong


class Config(MutableMapping[str, Any]):
    """The run's settings, as attributes and as items; a change is sent to the server."""

    def __init__(self, send: Callable[[Dict[str, Any]], None], values: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_send", send)
        object.__setattr__(self, "_values", dict(values))

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(f"the config has no {name}; it has {sorted(self.__dict__['_values'])}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __getitem__(self, name: str) -> Any:
        return self.__dict__["_values"][name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __delitem__(self, name: str) -> None:
        del self.__dict__["_values"][name]
        self.__dict__["_send"](self.as_dict())

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__["_values"])

    def __len__(self) -> int:
        return len(self.__dict__["_values"])

    def __repr__(self) -> str:
        return repr(self.__dict__["_values"])

    def as_dict(self) -> Dict[str, Any]:
        """A copy."""
        return dict(self.__dict__["_values"])

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Changes several at once; also takes an argparse.Namespace. `allow_val_change` is accepted and always true."""
        kwargs.pop("allow_val_change", None)
        for values in (*map(as_mapping, args), kwargs):
            self.__dict__["_values"].update(values)
        self.__dict__["_send"](self.as_dict())

    def setdefaults(self, values: Any) -> None:
        """Sets what is missing."""
        for name, value in as_mapping(values).items():
            self.__dict__["_values"].setdefault(name, value)
        self.__dict__["_send"](self.as_dict())


class Summary(Dict[str, Any]):
    """The last value of each metric, and what the program sets; it ends as metrics of phase `summary`."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the summary has no {name}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __init__(self) -> None:
        super().__init__()
        self.__dict__["_set"] = {}

    def __setitem__(self, name: str, value: Any) -> None:
        self.__dict__["_set"][name] = value
        super().__setitem__(name, value)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Sets several."""
        for name, value in dict(*args, **kwargs).items():
            self[name] = value

    def set_by_program(self) -> Dict[str, Any]:
        """What the program set itself."""
        return dict(self.__dict__["_set"])

    def keep(self, values: Mapping[str, Any]) -> None:
        """Takes what was logged."""
        super().update(values)


def as_mapping(values: Any) -> Mapping[str, Any]:
    """A dictionary, or the attributes of an argparse.Namespace."""
    if values is None:
        return {}
    if not isinstance(values, Mapping) and not hasattr(values, "__dict__"):
        raise wrong("config", values, "it is a dictionary or an argparse.Namespace")
    return values if isinstance(values, Mapping) else vars(values)


def flat(values: Mapping[Any, Any], prefix: str = "") -> Iterator[Tuple[str, Any]]:
    """Names and values of nested mappings, their names joined by "/"."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}/")
        else:
            yield f"{prefix}{name}", value
