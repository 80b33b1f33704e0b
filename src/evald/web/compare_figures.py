"""What a comparison says of runs, as its page shows it: verdicts, differences, distributions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evald.ports.kept import StoredRun
from evald.web import format as eyes
from evald.web.bars import Counted, Histogram, histogram
from evald.web.compare_address import CompareAddress
from evald.web.compare_charts import Axis, Scatter, axis, reach_of, scatter
from evald.web.figures import Rated, RunSign, run_sign
from evald.web.links import Links
from evald.web.run_address import RunAddress
from evald.web.run_figures import rated_of
from evald.web.signs import Sign
from evald.wire.comparisons import (
    ComparedCandidate,
    ComparedRun,
    ComparedScores,
    Comparison,
    Finding,
    ItemChange,
)

LETTERS = "ABCDEFGH"
"""What runs are called on the page; names are too long, and may be the same."""

MOST_DRAWN = 12
"""So many histograms at most are drawn, if not of one criterion alone."""

VERDICTS: dict[str, Sign] = {
    "improved": Sign("▲", "improved", "passed"),
    "regressed": Sign("▼", "regressed", "failed"),
    "no_detectable_change": Sign("≈", "no detectable change", "even"),
    "too_few_items": Sign("…", "too few items", "quiet"),
}
NOTHING = Sign("–", "nothing to compare", "quiet")

_NOTHING_SAID = (NOTHING, "–", None, "–", "–", "No item has a verdict by it in both runs.")
NO_COMMON = "No item has a verdict in both runs, so there is nothing to compare."


@dataclass(frozen=True, slots=True)
class RunHead:
    """A compared run; `as_baseline` is where it stands first, None of the one that does."""

    letter: str
    id: str
    name: str
    href: str
    model: str
    sign: RunSign
    rate: Rated
    as_baseline: str | None


@dataclass(frozen=True, slots=True)
class Counter:
    """A number of items, what they are, and where they are listed; None where nowhere."""

    count: int
    words: str
    href: str | None


@dataclass(frozen=True, slots=True)
class Banner:
    """What is said of a candidate, in the order in which it is read."""

    run: RunHead
    sign: Sign
    sentence: str
    axis: Axis | None
    counters: Sequence[Counter]


@dataclass(frozen=True, slots=True)
class FindingLine:
    """What is said by one criterion of passes, or of scores; None where nothing can be."""

    criterion: str
    of: str
    letter: str
    sign: Sign
    difference: str
    axis: Axis | None
    counts: str
    p_value: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Spread:
    """The scores by one criterion: a histogram for each run, all over the same bins."""

    criterion: str
    runs: Sequence[tuple[RunHead, str, Histogram | None]]
    scatter: Scatter | None


def run_heads(
    runs: Sequence[StoredRun], compared: Sequence[ComparedRun], shown: CompareAddress, links: Links
) -> list[RunHead]:
    """The runs, the baseline first."""
    heads: list[RunHead] = []
    for letter, run, each in zip(LETTERS, runs, compared, strict=False):
        others = [other for other in shown.runs if other != run.id]
        swapped = CompareAddress([run.id, *others], level=shown.level, cluster_by=shown.cluster_by)
        heads.append(
            RunHead(
                letter=letter,
                id=run.id,
                name=run.name or run.id,
                href=links.run(RunAddress(run.eval_id, run.id)),
                model=run.model,
                sign=run_sign(run.status),
                rate=rated_of(each.rate.graded, errored=each.rate.errored.count),
                as_baseline=links.comparison(swapped) if heads else None,
            )
        )
    return heads


def reach_of_passes(comparison: Comparison) -> float:
    """How far the axes of all banners go, so that their lengths can be compared."""
    return reach_of([each.passes for each in comparison.candidates])


def banner(
    candidate: ComparedCandidate, head: RunHead, counters: Sequence[Counter], *, reach: float
) -> Banner:
    """The verdict on a candidate, with its interval drawn on an axis that goes so far."""
    passes = candidate.passes
    if passes is None:
        return Banner(head, NOTHING, NO_COMMON, None, counters)
    drawn = axis(passes, f"Difference: {_points(passes)}", reach=reach)
    return Banner(head, _sign(passes), passes.sentence, drawn, counters)


def counters(
    candidate: ComparedCandidate,
    counts: Mapping[ItemChange, int],
    shown: CompareAddress,
    links: Links,
) -> list[Counter]:
    """How many items became what; `shown` is where changes of this candidate are listed."""

    def listed(change: ItemChange, words: str) -> Counter:
        to = replace(shown.first(), change=change, criterion="")
        count = counts[change]
        return Counter(count, words, f"{links.comparison(to)}#changes" if count else None)

    same = 0 if candidate.passes is None else candidate.passes.same
    return [
        listed("improved", "mended"),
        listed("regressed", "broken"),
        Counter(same, "same", None),
        listed("errored", "errored in one of them"),
        listed("missing", "missing"),
        listed("new", "new"),
    ]


def finding_lines(comparison: Comparison) -> list[FindingLine]:
    """A line a criterion and candidate for passes, and one for scores where they say more."""
    every = [each for candidate in comparison.candidates for each in candidate.criteria]
    reach = reach_of([each.passes for each in every])
    lines = []
    for letter, candidate in zip(LETTERS[1:], comparison.candidates, strict=False):
        for each in candidate.criteria:
            passes = FindingLine(each.name, "passes", letter, *_NOTHING_SAID)
            scores = replace(passes, of="scores")
            lines.append(_of_passes(passes, each.passes, reach))
            if each.scores is not None:
                lines.append(_with(scores, each.scores, _score_words(each.scores)))
    return lines


def _of_passes(line: FindingLine, finding: Finding | None, reach: float) -> FindingLine:
    if finding is None:
        return line
    words = _points(finding)
    drawn = axis(finding, words, reach=reach, is_small=True)
    return replace(_with(line, finding, words), axis=drawn)


def _with(line: FindingLine, finding: Finding, words: str) -> FindingLine:
    counts = (finding.better, finding.worse, finding.same)
    return replace(
        line,
        sign=_sign(finding),
        difference=words,
        counts=" / ".join(map(eyes.number, counts)),
        p_value=p_value(finding.p_adjusted),
        sentence=finding.sentence,
    )


def p_value(value: float) -> str:
    """A p-value with three decimals; below that it is said to be less."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def spreads(
    comparison: Comparison, heads: Sequence[RunHead], *, chosen: str
) -> tuple[list[Spread], int]:
    """The scores that are drawn, those of the chosen criterion alone, and how many are not."""
    found = [each for each in comparison.scores if chosen in ("", each.id, each.name)]
    found = (found or comparison.scores)[: max(1, MOST_DRAWN // len(heads))]
    return [_spread(each, heads) for each in found], len(comparison.scores) - len(found)


def _spread(scores: ComparedScores, heads: Sequence[RunHead]) -> Spread:
    runs = []
    width = (scores.high - scores.low) / len(scores.runs[0].bins)
    for head, each in zip(heads, scores.runs, strict=True):
        bins = [
            Counted(scores.low + place * width, scores.low + (place + 1) * width, count)
            for place, count in enumerate(each.bins)
        ]
        mean = "–" if each.mean is None else eyes.score(each.mean)
        said = f"mean {mean} of {eyes.counted(each.n, 'score')}"
        runs.append((head, said, histogram(bins) if each.n else None))
    return Spread(scores.name, runs, scatter(scores))


def _sign(finding: Finding | None) -> Sign:
    return NOTHING if finding is None else VERDICTS[finding.verdict]


def _points(finding: Finding) -> str:
    """A difference of pass rates: `−66.7 points (95 %: −86.2 to −31.0)`."""
    return f"{_signed(100 * finding.difference, '.1f')} points{_interval(finding, 100, '.1f')}"


def _score_words(finding: Finding) -> str:
    return f"{_signed(finding.difference, '.3g')}{_interval(finding, 1, '.3g')}"


def _interval(finding: Finding, scale: float, digits: str) -> str:
    interval = finding.interval
    if interval is None:
        return ""
    low, high = _plain(scale * interval.low, digits), _plain(scale * interval.high, digits)
    return f" ({100 * interval.level:g} %: {low} to {high})"


def _signed(value: float, digits: str) -> str:
    text = _plain(value, digits)
    return text if text.startswith("−") or not float(format(value, digits)) else f"+{text}"


def _plain(value: float, digits: str) -> str:
    # Adding 0.0 makes a zero of -0.0.
    return f"{float(format(value, digits)) + 0.0:{digits}}".replace("-", "−")
