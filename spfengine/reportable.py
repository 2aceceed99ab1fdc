"""The method that results have if a report in HTML can be made of them."""


class Reportable:
    """A result of which `spfengine.render_html` makes a report."""

    __slots__ = ()

    def render_html(self, *, now: float | None = None) -> str:
        """Return the report that `--html` writes: one HTML file that loads nothing and runs no script.

        Args:
            now: the time that it names, in seconds since the epoch; the clock's by default.

        Raises:
            MissingExtraError: Jinja2 is not installed (the extra `html`).
        """
        from spfengine.report.render import render_html

        return render_html(self, now=now)
