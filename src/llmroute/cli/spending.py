"""What a conversation has cost so far, model by model."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from llmroute.types.tables import table
from llmroute.types.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmroute.types.reply import Attempt

HEAD = ("model", "attempts", "tokens in", "out", "cost")


class Spending:
    """Adds attempts up by model; `stopped` counts answers whose tokens nobody reported."""

    def __init__(self) -> None:
        """Begin with nothing spent."""
        self.stopped = 0
        self._counts: dict[str, int] = {}
        self._usages: dict[str, Usage] = {}
        self._costs: dict[str, Decimal | None] = {}

    def add(self, attempts: Iterable[Attempt]) -> None:
        """Count attempts, failed ones too; a cost that is not known makes the sum unknown."""
        for one in attempts:
            name = one.model.name
            self._counts[name] = self._counts.get(name, 0) + 1
            self._usages[name] = self._usages.get(name, Usage()) + (one.usage or Usage())
            self._costs[name] = _sum(self._costs.get(name, Decimal(0)), one.cost_usd)

    def __str__(self) -> str:
        """A table with a line for each model, and a sum."""
        names = list(self._counts)
        rows = [self._row(name, [name]) for name in names]
        if len(names) != 1:
            rows.append(self._row("together", names))
        text = table(HEAD, rows)
        if self.stopped:
            answers = f"{self.stopped} stopped answer{'s' * (self.stopped != 1)}"
            text += f"\nnot counted: {answers}, which may cost something too"
        return text

    def _row(self, title: str, names: list[str]) -> tuple[str, ...]:
        usage = sum((self._usages[name] for name in names), Usage())
        about = "about " if usage.estimated else ""
        cost: Decimal | None = Decimal(0)
        for name in names:
            cost = _sum(cost, self._costs[name])
        return (
            title,
            str(sum(self._counts[name] for name in names)),
            f"{about}{usage.input_tokens}",
            str(usage.output_tokens),
            "unknown" if cost is None else f"${cost.normalize():f}",
        )


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other
