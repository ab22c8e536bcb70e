"""Uses, as [facts] state them, and what a careful reader of each license says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Stated = dict[str, object]


class Use(NamedTuple):
    """One use: the license, what is stated, the verdict, and a clause that it must cite.

    The clause is the one that denies, that asks for a fact, or whose duty or review counts; None:
    nothing is cited. `takes` is what the model takes besides text.
    """

    license: str
    facts: Mapping[str, object]
    status: str
    cite: str | None = None
    takes: tuple[str, ...] = ()


FIRM: Stated = {"commercial": True, "purposes": ["chat"], "distributes": "nothing"}
STUDY: Stated = {"commercial": False, "purposes": ["research"], "distributes": "nothing"}
TEACH: Stated = {**FIRM, "purposes": ["synthetic_data"]}
DUTIES, SEES = "allowed_with_duties", ("vision",)
USERS = "monthly_active_users"


def users(number: int, month: str = "now") -> Stated:
    """So many monthly users in a month."""
    return {USERS: {month: number}}


MOST = 700_000_000
L2, L3, L31, L32, L33, L4 = (
    {USERS: {month: 10}}
    for month in ("2023-06", "2024-03", "2024-06", "2024-08", "2024-11", "2025-03")
)

LLAMA = [
    Use("llama-2", FIRM | L2, DUTIES, "1.b.iv"),
    Use("llama-2", FIRM | L2 | {"purposes": ["improve_llm"]}, "denied", "1.b.v"),
    Use("llama-2", FIRM | L2 | {"purposes": ["improve_llm:llama-2"]}, DUTIES, "1.b.iv"),
    Use("llama-2", FIRM | L2 | {"purposes": ["improve_llm:mistral"]}, "denied", "1.b.v"),
    Use("llama-2", FIRM | {USERS: {"now": 900_000_000, "2023-06": 10_000_000}}, DUTIES, "1.b.iv"),
    Use("llama-2", FIRM | {USERS: {"now": 10, "2023-06": 701_000_000}}, "denied", "2"),
    Use("llama-2", FIRM | users(MOST, "2023-06"), DUTIES, "1.b.iv"),
    Use("llama-2", FIRM | users(MOST + 1, "2023-06"), "denied", "2"),
    Use("llama-2", FIRM | users(10), "unknown", "2"),
    Use("llama-2", FIRM, "unknown", "2"),
    Use("llama-2", FIRM | L2 | {"distributes": "weights"}, DUTIES, "1.b.iii"),
    Use(
        "llama-2",
        FIRM | L2 | {"fields_of_use": ["military"]},
        "denied",
        "1.b.iv, Acceptable Use Policy",
    ),
    Use("llama-2", FIRM | L2 | {"fields_of_use": ["minors"]}, DUTIES, "1.b.iv"),
    Use("llama-3", TEACH | L3, "denied", "1.b.v"),
    Use("llama-3", TEACH | L3 | {"purposes": ["distill:llama-3"]}, DUTIES, "1.b.i"),
    Use("llama-3", TEACH | L3 | {"purposes": ["distill:llama-3.1"]}, "denied", "1.b.v"),
    Use("llama-3", FIRM | L3 | {"distributes": "service"}, DUTIES, "1.b.i"),
    Use("llama-3", FIRM | L2, "unknown", "2"),
    Use("llama-3.1", TEACH | L31, DUTIES, "1.b.i"),
    Use("llama-3.1", FIRM | users(MOST + 1, "2024-06"), "denied", "2"),
    Use("llama-3.1", FIRM | L31 | {"licensee_domicile": "DE"}, DUTIES, "1.b.iv", SEES),
    Use(
        "llama-3.2",
        FIRM | L32 | {"licensee_domicile": "DE"},
        "denied",
        "Acceptable Use Policy",
        SEES,
    ),
    Use("llama-3.2", FIRM | L32 | {"licensee_domicile": "DE"}, DUTIES, "1.b.iv"),
    Use("llama-3.2", FIRM | L32 | {"licensee_domicile": "GB"}, DUTIES, "1.b.iv", SEES),
    Use("llama-3.2", FIRM | L32, "unknown", "Acceptable Use Policy", SEES),
    Use("llama-3.2", FIRM | L32, DUTIES, "1.b.iv"),
    Use("llama-3.3", FIRM | L33 | {"licensee_domicile": "FR"}, DUTIES, "1.b.iv"),
    Use("llama-3.3", TEACH | L33, DUTIES, "1.b.i"),
    Use(
        "llama-4",
        FIRM | L4 | {"licensee_domicile": "US", "use_territories": ["DE", "FR"]},
        DUTIES,
        "1.b.iv",
        SEES,
    ),
    Use("llama-4", FIRM | L4 | {"licensee_domicile": "IE"}, "denied", "Acceptable Use Policy"),
    Use("llama-4", FIRM | L4, "unknown", "Acceptable Use Policy", SEES),
    Use("decilm", FIRM | L2 | {"distributes": "service"}, DUTIES, "DeciLM, Hosting Use"),
    Use("decilm", TEACH | L2, "denied", "Llama 2: 1.b.v"),
    Use("decilm", FIRM | users(MOST + 1, "2023-06"), "denied", "Llama 2: 2"),
]

MANY = users(150_000_000)
OTHERS = [
    Use("qwen", STUDY | MANY | {"purposes": ["chat"]}, DUTIES, "5.a"),
    Use("qwen", FIRM | MANY, "denied", "4"),
    Use("qwen", FIRM | users(100_000_000), DUTIES, "5.a"),
    Use("qwen", FIRM, "unknown", "4"),
    Use("qwen", TEACH | users(1), "denied", "5.b"),
    Use("qwen", TEACH | users(1) | {"purposes": ["distill:qwen"]}, DUTIES, "5.a"),
    Use("qwen-2.5", TEACH | users(1), DUTIES, "5.b"),
    Use("qwen-2.5", FIRM | MANY, "denied", "4"),
    Use("qwen-research", FIRM, "denied", "2"),
    Use("qwen-research", STUDY, "allowed"),
    Use("qwen-research", STUDY | {"purposes": ["chat"]}, DUTIES, "1.i"),
    Use("qwen-research", {"purposes": ["research"]}, "unknown", "2"),
    Use("qwen-research-2023", STUDY | {"purposes": ["synthetic_data"]}, "denied", "4.b"),
    Use("deepseek", TEACH, DUTIES, "1, 4.a"),
    Use("deepseek", FIRM | {"fields_of_use": ["military"]}, "denied", "5, Attachment A"),
    Use("mnpl-0.1", FIRM, "denied", "3.2"),
    Use("mnpl-0.1", STUDY, "allowed"),
    Use("mnpl-0.1", {"purposes": ["evaluate"]}, "unknown", "3.2"),
    Use("mrl-0.1", FIRM, "denied", "3.2"),
    Use("mrl-0.1", STUDY, DUTIES, "4.2, 4.3"),
    Use("apache-2.0", TEACH, "allowed"),
    Use("apache-2.0", TEACH | {"distributes": "weights"}, DUTIES, "4"),
    Use("mit", TEACH | {"distributes": "service"}, "allowed"),
    Use("mit", {"purposes": ["compete"]}, DUTIES, "second paragraph"),
    Use("cc-by-nc-4.0", FIRM, "denied", "2.a.1"),
    Use("cc-by-nc-4.0", STUDY, "allowed"),
    Use("cohere", FIRM, "denied", "CC-BY-NC-4.0, 2.a.1"),
    Use("cohere", STUDY | {"purposes": ["distill"]}, DUTIES, "Acceptable Use Policy"),
    Use("openrail-m", FIRM | {"fields_of_use": ["medical_advice"]}, "denied", "5, Attachment A"),
    Use("openrail-m", TEACH, DUTIES, "1, 4.a"),
]

LARGE: Stated = {"use_territories": ["US"], **users(1, "2025-08")}
REST = [
    Use("hunyuan", FIRM | LARGE | {"use_territories": ["US", "KR"]}, "denied", "5.c"),
    Use("hunyuan", FIRM | LARGE | {"use_territories": ["PL"]}, "denied", "5.c"),
    Use("hunyuan", FIRM | LARGE, DUTIES, "5.a"),
    Use("hunyuan", FIRM | users(1, "2025-08"), "unknown", "5.c"),
    Use("hunyuan", TEACH | LARGE, "denied", "5.b"),
    Use("kimi-k2", FIRM | MANY | {"monthly_revenue_usd": 1}, DUTIES, "last paragraph"),
    Use("kimi-k2", FIRM | users(1) | {"monthly_revenue_usd": 20_000_001}, DUTIES, "last paragraph"),
    Use("kimi-k2", FIRM | users(1) | {"monthly_revenue_usd": 20_000_000}, "allowed"),
    Use("kimi-k2", STUDY | MANY, "allowed"),
    Use("kimi-k2", FIRM | users(1), "unknown", "last paragraph"),
    Use("databricks", TEACH | users(1, "2024-02"), "denied", "2.3"),
    Use("databricks", FIRM | users(MOST + 1, "2024-02"), "denied", "3"),
    Use("databricks", FIRM | users(1, "2024-02"), DUTIES, "4.1"),
    Use("chatglm", FIRM | {"fields_of_use": ["military"]}, "denied", "3"),
    Use("chatglm", FIRM, DUTIES, "3"),
    Use("gpt-oss-usage", TEACH, DUTIES, "usage policy"),
    Use("gemma", TEACH, DUTIES, "1.1.e, 3.1"),
    Use("gemma", FIRM | {"distributes": "service"}, DUTIES, "3.1"),
    Use("stability-community", FIRM | {"annual_revenue_usd": 1_000_000}, DUTIES, "III"),
    Use("stability-community", FIRM | {"annual_revenue_usd": 1_000_001}, "denied", "III"),
    Use("stability-community", TEACH | {"annual_revenue_usd": 1}, "denied", "IV.b"),
    Use("nvidia-open-model", TEACH, DUTIES, "2.1"),
    Use("openai", FIRM, "allowed"),
    Use("openai", FIRM | {"purposes": ["compete"]}, "denied", "3.3.e"),
    Use("openai", TEACH, DUTIES, "3.3.e"),
    Use("azure-openai", TEACH, DUTIES, "Product Terms"),
    Use("anthropic", TEACH, "denied", "Usage Policy"),
    Use("anthropic", FIRM | {"purposes": ["compete"]}, "denied", "D.4"),
    Use("anthropic", FIRM, DUTIES, "Usage Policy"),
    Use("anthropic", TEACH | {"granted": {"anthropic": "letter 17"}}, DUTIES, "Usage Policy"),
    Use("gemini", FIRM | {"purposes": ["compete"]}, "denied", "Use Restrictions"),
    Use("gemini", FIRM | {"fields_of_use": ["minors"]}, "denied", "Age Requirements"),
    Use("gemini", TEACH, DUTIES, "Use Restrictions"),
    Use("llama-2", TEACH | {"granted": {"llama-2": "agreement of 2025-03"}}, DUTIES, "1.b.iv"),
    Use("no-such-license", FIRM, "unknown"),
]
LATER = {
    "llama-3": "2024-03",
    "llama-3.1": "2024-06",
    "llama-3.2": "2024-08",
    "llama-3.3": "2024-11",
    "llama-4": "2025-03",
}
"""The month before the release of each later Llama, whose users count."""
AT_HOME: Stated = {"licensee_domicile": "US"}
REPEATED = [
    *(
        Use(id_, FIRM | users(MOST, month) | AT_HOME, DUTIES, "1.b.iv")
        for id_, month in LATER.items()
    ),
    *(
        Use(id_, FIRM | users(MOST + 1, month), "denied", "2")
        for id_, month in LATER.items()
        if id_ != "llama-3.1"
    ),
    *(
        Use(id_, FIRM | {"fields_of_use": ["weapons"]}, "denied", "1.b.iv, Acceptable Use Policy")
        for id_ in LATER
    ),
    Use("llama-3.3", FIRM | {"licensee_domicile": "FR"}, "denied", "Acceptable Use Policy", SEES),
    Use("hunyuan", FIRM | users(100_000_001, "2025-08"), "denied", "4"),
    Use("hunyuan", FIRM | {"fields_of_use": ["military"]}, "denied", "5.a, Exhibit A"),
    Use(
        "gemma",
        FIRM | {"fields_of_use": ["disinformation"]},
        "denied",
        "3.2, Prohibited Use Policy",
    ),
    Use("gemini", FIRM | {"fields_of_use": ["medical_advice"]}, "denied", "Use Restrictions"),
    Use("qwen-research-2023", FIRM, "denied", "2.b"),
]
SERVE: Stated = {**FIRM, "distributes": "service"}
RIVAL: Stated = {**FIRM, "purposes": ["compete"]}
HOSTS = [
    Use("groq", FIRM, DUTIES, "Acceptable Use & Responsible AI Policy"),
    Use("groq", SERVE, DUTIES, "3.2, 6.3.c"),
    Use("groq", TEACH, DUTIES, "Services Agreement"),
    Use("together", RIVAL, "denied", "4(3)(c)"),
    Use("together", SERVE, DUTIES, "4(3)(d)"),
    Use("fireworks", RIVAL, "denied", "2.2"),
    Use("fireworks", SERVE, DUTIES, "2.1"),
    Use("mistral-platform", TEACH, DUTIES, "2.2, 3.3"),
    Use("mistral-platform", FIRM, DUTIES, "3.2"),
    Use("xai", TEACH, "denied", "3.2"),
    Use("xai", TEACH | {"granted": {"xai": "order form 4"}}, DUTIES, "11.2"),
    Use("xai", RIVAL, "denied", "Acceptable Use Policy"),
    Use("cloudflare", FIRM, DUTIES, "Data usage"),
    Use("cloudflare", {"distributes": "nothing"}, "unknown", "Self-Serve Subscription Agreement"),
    Use("deepseek-platform", TEACH, DUTIES, "4.2.3, Terms of Use"),
    Use("deepseek-platform", SERVE, DUTIES, "8.1"),
    Use("openrouter", RIVAL, "denied", "7.4"),
    Use("openrouter", TEACH, DUTIES, "5.1"),
]
GOLDEN = [*LLAMA, *OTHERS, *REST, *REPEATED, *HOSTS]
