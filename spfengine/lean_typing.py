"""What a check takes from `typing`, without its cost: to load `typing` takes a tenth of the time of a whole check.

Type checkers read `typing` itself here. At run time nobody looks at annotations, so the names stand for nothing; but
for NamedTuple, which `typing` as well leaves to `collections`, and Protocol. What no check loads takes `typing`.
"""

from abc import ABCMeta

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import (
        Any,
        ClassVar,
        Final,
        NamedTuple,
        NoReturn,
        Protocol,
        Self,
        TypeVar,
        cast,
        final,
        runtime_checkable,
    )
else:

    class Any:
        """Any type."""

    class NoReturn:
        """The type of what a function returns that never does."""

    class Self:
        """The class that a method belongs to."""

    class Final:
        """What is never assigned again."""

    class ClassVar:
        """What belongs to the class, not to its instances."""

        def __class_getitem__(cls, type: object) -> type:
            return cls

    def TypeVar(name: str, bound: object = None) -> type:  # noqa: ARG001, N802 - called as typing's class is
        """Return what stands for any type."""
        return Any

    def cast(type: object, value: object) -> object:  # noqa: ARG001 - as typing has it
        """Return the value."""
        return value

    def final(cls: type) -> type:
        """Return the class, which has no subclasses."""
        return cls

    class _NamedTupleMaker(type):
        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, object]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            from collections import namedtuple

            # From Python 3.14 on they are not in the body: a class makes them when it is asked for them.
            fields = body.get("__annotations__") or super().__new__(cls, name, (), body).__annotations__
            defaults = [body[field] for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])  # noqa: PYI024 - that is how
            for attribute, value in body.items():
                if attribute not in ("__module__", *fields):
                    setattr(made, attribute, value)
            made.__annotations__ = fields
            return made

    class NamedTuple(metaclass=_NamedTupleMaker):
        """A tuple whose elements have names: those that its subclass annotates."""

    class _ProtocolType(ABCMeta):
        def __instancecheck__(cls, instance: object) -> bool:
            if Protocol not in cls.__bases__:
                return super().__instancecheck__(instance)
            return all(hasattr(instance, name) for name in vars(cls) if not name.startswith("_"))

    class Protocol(metaclass=_ProtocolType):
        """What has the methods that its subclass names."""

    def runtime_checkable(cls: type) -> type:
        """Return the class: all protocols can be asked for with `isinstance`."""
        return cls


__all__ = [
    "TYPE_CHECKING",
    "Any",
    "ClassVar",
    "Final",
    "NamedTuple",
    "NoReturn",
    "Protocol",
    "Self",
    "TypeVar",
    "cast",
    "final",
    "runtime_checkable",
]
