"""The long run of one target, guided by coverage: `python -m tests.fuzz TARGET [FOLDER] [-max_total_time=600]`.

It needs atheris (`pip install atheris`), which is not among the development tools: its wheels are for Linux only, and
come later than new versions of Python. FOLDER keeps the inputs that reach new code; without it, they are forgotten.
Without atheris, or with `--plain COUNT`, inputs are made as in the short run, from another seed each time.
"""

import sys
import time
from pathlib import Path


def main(arguments: list[str]) -> None:
    """Run a target until it breaks, or until its time is over."""
    name, *options = arguments
    if options[:1] == ["--plain"]:
        _plain(name, int(options[1]))
        return
    import atheris

    with atheris.instrument_imports(include=["spfengine"]):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    if options and not options[0].startswith("-"):
        for number, seed in enumerate(target.seeds):
            Path(options[0]).mkdir(parents=True, exist_ok=True)
            Path(options[0], f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], *options], target.read)
    atheris.Fuzz()


def _plain(name: str, count: int) -> None:
    from tests.fuzz.mutation import inputs
    from tests.fuzz.targets import TARGETS

    seed = time.time_ns()
    for data in inputs(TARGETS[name], count, seed):
        try:
            TARGETS[name].read(data)
        except Exception:
            sys.stderr.write(f"{name} breaks: {data!r}\n")
            raise


if __name__ == "__main__":
    main(sys.argv[1:])
