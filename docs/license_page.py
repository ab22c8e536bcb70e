# ruff: noqa: INP001 - a script that stands beside the pages
"""The page of license cards; docs/generate.py writes it from policies/licenses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.policies.licensing import card, card_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.licenses import Card, Clause

HEAD = """\
# Licenses

<!-- written by docs/generate.py from policies/licenses; change cards or docs/license_page.py -->

**This is engineering, not legal advice.** The cards below are what engineers read in licenses and
contracts, put into conditions that a program can test, each with its clause so that you can check
it. A card can be wrong, and a license can change after the day on which it was read. Where much
depends on it, ask a lawyer, and keep the answer under `[facts.granted]`.

What is judged: the license of the weights, the licenses of what the weights were made from, and
the contract of the host; the strictest verdict counts. A model that its own maker hosts stands
under the maker's contract alone; one that somebody else hosts needs a license, else the verdict is
unknown. Who sends to a host that the catalog does not know names the contract, `host_terms =
"together"`; replicas are judged by every license and contract among them. A GGUF file that was made
of a model which the catalog does not know is unknown. The
[`[facts]`](policy-files.md#facts) of a policy, or `facts=` of a call, say what is true of your
application. A fact that a clause asks for and that nobody stated makes the verdict unknown:
that refuses purposes that train models, and warns else, unless `unknown = "deny"` or `"allow"` says
otherwise. `llmroute license explain MODEL` shows a verdict clause by clause, and the ready-made
policy `license-strict` refuses whatever is not known to be allowed.

How to read the tables: *deny* forbids, *duty* allows in return for something, *review* allows and
warns. A clause counts when all that stands under *when* holds; an empty cell means always. What
is passed on counts unless `distributes` says otherwise. "if stated" means: for those who state
their `fields_of_use`; others are bound by the duty to keep to the use policy. A clause marked ¹
was read in quotes, or in another copy of the text, not in the text that the card names.

Each card has a name for SPDX expressions, such as an inventory of software asks for: the identifier
of the [SPDX list](https://spdx.org/licenses/), else the reference of
[ScanCode's LicenseDB](https://scancode-licensedb.aboutcode.org/), `LicenseRef-scancode-...`. Where
neither knows the text, the reference is our own, `LicenseRef-llmroute-...`: SPDX lets anybody
define such names, and nobody else knows these.

## Adding a card

One file, `policies/licenses/NAME.toml`, nothing else; the name is what `license = ` and
`host_terms = ` say. In our words, never in those of the text, at most 160 characters per clause:

```toml
name = "Example Community License"
tags = ["example-community"]               # what model hubs and GGUF files call it
text_url = "https://example.org/license"
read_on = 2026-11-26
released = 2026-01-15
open_weights = true
osi_approved = false
# spdx, scancode_key: its names elsewhere, without which it goes by LicenseRef-llmroute-NAME
# host = true: the contract of a host, not of weights;
# models_of_others = true: of a host whose models are not its own, so that each needs a license
# second_hand = true, of the card or of a clause: read in quotes

[[clauses]]
cite = "2.1"
effect = "deny"                            # or "duty", "review"
reads = "output may not train other models"
purpose = { any_of = ["improve_llm", "distill", "synthetic_data"], except_family = "example" }

[[clauses]]
cite = "3"
effect = "deny"
reads = "firms with more than 100 million monthly active users need a license of their own"
threshold = { metric = "monthly_active_users", above = 100_000_000, month = "2025-12" }
only_commercial = true

[[clauses]]
cite = "4"
effect = "duty"
reads = "copies that are passed on carry the license"
distribution = ["weights"]
```

Other conditions: `licensee_domicile_in` and `use_territory_in` (country codes, `"EU"` for the
European Union), `modality = ["vision"]` (what the model takes), `field_of_use`, `if_stated`. Then
add golden cases to `tests/licenses/golden.py`: a test asks for one per clause that denies, and
for one per card; `python docs/generate.py` writes this page.

## The cards

| card | license | SPDX | text | read | open weights | OSI |
|---|---|---|---|---|---|---|
"""

NAMES = {
    "monthly_active_users": "monthly active users",
    "annual_revenue_usd": "USD of annual revenue",
    "monthly_revenue_usd": "USD of monthly revenue",
}


def licenses_page() -> str:
    """The page of licenses."""
    cards = [found for found in map(card, card_names()) if found is not None]
    return HEAD + "".join(map(_row, cards)) + "".join(map(_section, cards))


def _row(one: Card) -> str:
    weights = "host" if one.host else "yes" if one.open_weights else "no"
    osi = "yes" if one.osi_approved else "no"
    cells = (
        f"[`{one.id}`](#{one.id.replace('.', '')})",
        one.name,
        f"`{one.spdx_id}`",
        f"[text]({one.text_url})",
        f"{one.read_on}{'¹' if one.second_hand else ''}",
        weights,
        osi,
    )
    return f"| {' | '.join(cells)} |\n"


def _section(one: Card) -> str:
    tags = ", ".join(f"`{tag}`" for tag in one.tags)
    called = f"; hubs call it {tags}" if tags else ""
    rows = "".join(map(_clause, one.clauses))
    return (
        f"\n### {one.id}\n\n{one.name}{called}.\n\n"
        f"| clause | effect | reads | when |\n|---|---|---|---|\n{rows}"
    )


def _clause(one: Clause) -> str:
    cite = f"{one.cite}{'¹' if one.second_hand else ''}"
    return f"| {cite} | {one.effect} | {one.reads} | {'; '.join(_when(one))} |\n"


def _when(one: Clause) -> Iterator[str]:
    if one.purpose is not None:
        other = one.purpose.except_family
        spared = f", other than for {other}" if other else ""
        yield f"purpose {_any(one.purpose.any_of)}{spared}"
    if one.threshold is not None:
        limit = one.threshold
        when = "now" if limit.month == "now" else f"in {limit.month}"
        than = "at least" if limit.inclusive else "more than"
        whose = limit.scope.replace("_", " ")
        yield f"{than} {limit.above:,} {NAMES[limit.metric]} {when}, of the {whose}"
    if one.only_commercial:
        yield "commercial"
    for what, where in (
        ("the licensee lives in", one.licensee_domicile_in),
        ("used in", one.use_territory_in),
        ("the model takes", one.modality),
        ("field of use", one.field_of_use),
        ("passed on:", one.distribution),
    ):
        if where is not None:
            yield f"{what} {_any(where)}"
    if one.if_stated:
        yield "if stated"


def _any(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
