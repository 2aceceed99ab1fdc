"""What a command takes, told as data; and the reading of a plain command line from it.

click reads command lines, and tells people what it can't understand. But to load it takes longer than a whole check. So
what a command takes is told here, click's options are made of it (see `options`), and a command line in which nothing
is unusual is read without click.
"""

from collections.abc import Callable, Sequence
from typing import Any

from spfengine.cli.values import UnusableError, text


class Argument:
    """An argument, which must be given.

    Attributes:
        name: of the parameter that takes it.
        expected: what is told to be expected where it is missing.
        read: makes a value of its text. Raises UnusableError.
    """

    def __init__(self, name: str, expected: str, read: Callable[[str], Any] = text) -> None:
        self.name = name
        self.expected = expected
        self.read = read


class Option:
    """An option: a flag, or one that has a value.

    Attributes:
        word: how it is written, "--zone".
        help: what it does.
        name: of the parameter that takes it; made of the word where it is not given.
        metavar: what stands for its value in help.
        read: makes a value of its text. Raises UnusableError.
        choices: the only texts there are for it, or ().
        default: its value where it is not given.
        is_flag: whether it has no value: True where it is given, else False.
        multiple: whether it may be given more than once; all its values are a tuple then.
    """

    def __init__(
        self,
        word: str,
        help: str,
        *,
        name: str = "",
        metavar: str | None = None,
        read: Callable[[str], Any] = text,
        choices: Sequence[str] = (),
        default: Any = None,
        is_flag: bool = False,
        multiple: bool = False,
    ) -> None:
        self.word = word
        self.help = help
        self.name = name or word.removeprefix("--").replace("-", "_")
        self.metavar = metavar
        self.read = read
        self.choices = choices
        self.default = default
        self.is_flag = is_flag
        self.multiple = multiple

    def value(self, texts: Sequence[str]) -> Any:
        """Return the value that these texts stand for, in the order in which they were given. Raises UnusableError."""
        if self.is_flag:
            return bool(texts)
        if self.choices and any(each not in self.choices for each in texts):
            raise UnusableError(f"expected one of {', '.join(self.choices)}")
        if self.multiple:
            return tuple([self.read(each) for each in texts])
        return self.read(texts[-1]) if texts else self.default


class Command:
    """A command: what it takes, and the function that runs it. Its help is the docstring of that function.

    Attributes:
        run: takes a parameter for each argument and option, and returns the exit code.
        arguments, options: what it takes, in the order in which help tells it.
        epilog: what help tells after the options.
    """

    def __init__(
        self, run: Callable[..., int], arguments: Sequence[Argument], options: Sequence[Option], epilog: str
    ) -> None:
        self.run = run
        self.arguments = arguments
        self.options = options
        self.epilog = epilog


def read(command: Command, words: Sequence[str]) -> dict[str, Any] | None:
    """Return what click would give `command.run` for these words; None where that is for click to say.

    Read are options written in full, their values behind them or behind "=", and arguments; "--" ends the options.
    All else is click's: what is not known or not complete, and values that can't be used or look like options.
    """
    options = {option.word: option for option in command.options}
    given: dict[str, list[str]] = {word: [] for word in options}
    places: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            places += rest
        elif not _looks_like_an_option(word):
            places.append(word)
        else:
            name, equals, value = word.partition("=")
            option = options.get(name)
            if option is None or (option.is_flag and equals):
                return None
            if not option.is_flag and not equals:
                value = next(rest, "--")
                if _looks_like_an_option(value):
                    return None
            given[name].append(value)
    if len(places) != len(command.arguments):
        return None
    try:
        found = {argument.name: argument.read(word) for argument, word in zip(command.arguments, places, strict=True)}
        return found | {option.name: option.value(given[option.word]) for option in command.options}
    except UnusableError:
        return None


def _looks_like_an_option(word: str) -> bool:
    return word.startswith("-") and word != "-"  # "-" alone is standard input
