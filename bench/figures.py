"""Write the figures of a comparison into the docs: a page with the tables, and a chart."""

from collections.abc import Mapping, Sequence
from pathlib import Path

_HEAD = """# Figures

Written by `python -m bench.compare --docs docs/explanation`; [performance](performance.md) describes the workloads and
explains the figures. Read the ratios: times differ from machine to machine, and between runs on one machine. checkdmarc
reads the record and everything that it includes, but gives no result; it is listed only for its cost. `policy` is
compiled beforehand, and a warm `Checker` has seen all clients before; `plain loop` does the least that an address
given as a string needs, in Python.

![Median time of a check, by engine and workload](performance.svg)

"""


def write_figures(folder: Path, tables: str, times: Mapping[tuple[str, str], float], workloads: Sequence[str]) -> None:
    """Write `performance-figures.md` and `performance.svg` into `folder`.

    Args:
        tables: the tables, in Markdown.
        times: the median µs of a check by (engine, workload).
        workloads: their names, in the order of the tables.
    """
    (folder / "performance-figures.md").write_text(_HEAD + tables, "utf-8")
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "spfengine"  # makes the ids in the file reproducible
    from matplotlib import pyplot as plt

    engines = list(dict.fromkeys([engine for engine, _ in times]))
    engines.sort(key=lambda engine: max(times.get((engine, name), 0.0) for name in workloads), reverse=True)
    figure, axes = plt.subplots(figsize=(9, 4.8), layout="constrained")
    width = 0.8 / len(engines)
    colours = plt.get_cmap("tab20").colors
    for position, engine in enumerate(engines):
        bars = [(index, times[engine, name]) for index, name in enumerate(workloads) if (engine, name) in times]
        at = [index - 0.4 + (position + 0.5) * width for index, _ in bars]
        ours = engine.startswith(("spfengine", "Checker", "policy"))
        axes.bar(
            at,
            [time for _, time in bars],
            width,
            label=engine,
            color=colours[position],
            edgecolor="black" if ours else "none",
        )
    axes.set_yscale("log")
    axes.set_xticks(range(len(workloads)), workloads)
    axes.set_ylabel("median µs of a check (logarithmic)")
    axes.grid(axis="y", alpha=0.3)
    figure.legend(loc="outside right upper", frameon=False)
    figure.savefig(folder / "performance.svg", metadata={"Date": None})
