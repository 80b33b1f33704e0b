"""A line of the table of rows: what a run took."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the table."""

    what: str
    rows: int
    seconds: float
    cpu_s: float
    peak_rss_mb: float

    def line(self) -> str:
        """The line, its figures aligned."""
        return (
            f"{self.what:<34} {self.rows:>9,} {self.seconds:>9.2f}"
            f" {self.rows / self.seconds:>9,.0f}"
            f" {1_000 * self.cpu_s / self.rows:>11.3f} {self.peak_rss_mb:>9.0f}"
        )


HEADING = f"{'':<34} {'rows':>9} {'seconds':>9} {'rows/s':>9} {'CPU ms/row':>11} {'peak MB':>9}"
