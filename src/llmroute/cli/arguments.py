"""What may be typed: commands, options, and their help."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, cast

from llmroute import __version__
from llmroute.errors import RequestError

from .fillings import fill_import, fill_simulate
from .parser import Parser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from llmroute.types.requests import ChatOptions, Hint

EXIT_CODES = """exit codes:
  0 answered   1 tried and failed   2 usage or policy file   3 no model may answer
  130 interrupted"""
FLAGS = {
    "prompt": "the question",
    "max_cost_usd": "--max-cost",
    "deadline_s": "--deadline",
    "purposes": "--purpose",
}
"""What an option of `chat` is called here, where it is not just `--name`."""
OPTIONS = (
    "model",
    "task",
    "system",
    "max_tokens",
    "reasoning",
    "temperature",
    "deadline_s",
    "max_cost_usd",
    "local",
    "purposes",
    "on_break",
)


class Arguments(argparse.Namespace):
    """The command line, read; an option that was not given is None, a list is empty."""

    command: str | None
    policy: str | None
    json: bool
    history: bool | None
    images: list[str] | None
    documents: list[str] | None
    schema: str | None
    question: list[str]
    hint: list[str] | None
    files: list[str]
    every: bool
    network: bool
    action: str
    target: str
    days: int
    against: str | None
    source: str
    file: str
    out: str | None
    only: list[str]
    strict: bool
    record: str | None
    replay: str | None
    facts: list[str] | None
    observed: str | None
    simulated: str | None
    traffic: str | None
    world: str | None
    requests: int | None
    seed: int
    plot: str | None


def parse(words: Sequence[str] | None) -> Arguments:
    """Read the command line; leaves by SystemExit after --help, --version or a mistake."""
    parser = Parser(
        prog="llmroute",
        description="Ask language models by policy: see the choice, get the answer once.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"llmroute {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    subparsers: dict[str | None, Parser] = {None: parser}
    for name, (summary, fill) in COMMANDS.items():
        subparsers[name] = commands.add_parser(
            name, help=summary, description=summary, allow_abbrev=False
        )
        _add_policy(subparsers[name])
        fill(subparsers[name])
    arguments, extra = parser.parse_known_args(words, namespace=Arguments())
    if extra:
        subparsers[arguments.command].refuse(extra)
    if arguments.command is None:
        parser.error(f"say what to do: {', '.join(COMMANDS)}")
    return arguments


def options_of(arguments: Arguments, declared: Mapping[str, str]) -> ChatOptions:
    """The options of a call; `declared` are the policy's hints. Raises RequestError."""
    given: dict[str, object] = {
        name: getattr(arguments, name)
        for name in OPTIONS
        if getattr(arguments, name, None) is not None
    }
    if arguments.hint:
        given["hints"] = dict(_hint(pair, declared) for pair in arguments.hint)
    return cast("ChatOptions", given)


def flag_of(where: str) -> str:
    """Call an argument of the library as it is called here."""
    name, _, rest = where.partition("[")
    if name == "hints":
        return "--hint " + rest.strip("']")
    return FLAGS.get(name) or (f"--{name.replace('_', '-')}" if name in OPTIONS else where)


def _hint(pair: str, declared: Mapping[str, str]) -> tuple[str, Hint]:
    """Read "name=value" as the type that the policy declares."""
    name, equals, value = pair.partition("=")
    if not equals:
        raise RequestError("it must be name=value", where="--hint")
    kind = declared.get(name, "str")  # an undeclared name is refused later, with the nearest one
    try:
        if kind == "bool":
            return name, {"true": True, "false": False}[value.lower()]
        return name, int(value) if kind == "int" else float(value) if kind == "float" else value
    except (KeyError, ValueError):
        wanted = {"bool": "true or false", "int": "a whole number"}.get(kind, "a number")
    raise RequestError(f"{name} must be {wanted}", where="--hint")


def _add_policy(parser: Parser, default: str | None = None) -> None:
    parser.add_argument(
        "-p",
        "--policy",
        metavar="FILE",
        default=default,
        help="policy file; else $LLMROUTE_POLICY, llmroute.toml from here upward, the default",
    )


def _fill_chat(parser: Parser) -> None:
    _add_question(parser, "stdin is read, or, at a terminal, you are asked")
    parser.add_argument(
        "--on-break",
        choices=("raise", "restart"),
        help="when the stream breaks after text was shown: fail, or begin anew on the next model",
    )
    parser.add_argument(
        "--history",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="keep what you type in conversations in a file, from now on; or not this time",
    )


def _fill_plan(parser: Parser) -> None:
    _add_question(parser, "stdin is read")
    what = "keep the decision in a file that only you can read; it holds the question"
    parser.add_argument("--record", metavar="FILE", help=what)
    what = (
        "plan again what was recorded, without keys, network and clock; with -p, by another policy"
    )
    parser.add_argument("--replay", metavar="FILE", help=what)


def _add_question(parser: Parser, without: str) -> None:
    """Add the question and what may be said of it."""
    add = parser.add_argument
    asked = f"what to ask; a lone - stands for stdin; without it {without}"
    add("question", nargs="*", metavar="QUESTION", help=asked)
    add("-m", "--model", action="append", metavar="NAME", help="this model; repeat for an order")
    add("--task", metavar="WORD", help="kind of work, which routes ask for: code, qa, ...")
    add("--system", metavar="TEXT", help="system instruction")
    add("--image", action="append", dest="images", metavar="FILE", help="a picture to look at")
    add("--document", action="append", dest="documents", metavar="FILE", help="a PDF to read")
    add("--schema", metavar="FILE", help="JSON Schema that the answer must fit")
    add(
        "--reasoning",
        choices=("none", "minimal", "low", "medium", "high"),
        help="how much the model thinks before it answers",
    )
    add("--max-tokens", type=int, metavar="N", help="most tokens of the answer")
    add("--temperature", type=float, metavar="T", help="0 takes the likeliest token")
    add("--deadline", type=float, dest="deadline_s", metavar="SECONDS", help="for the whole call")
    add("--max-cost", dest="max_cost_usd", metavar="USD", help="most that an attempt may cost")
    add(
        "--local",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="only models on this machine, or only others",
    )
    add("--hint", action="append", metavar="NAME=VALUE", help="hint that the policy declares")
    add(
        "--purpose",
        action="append",
        dest="purposes",
        metavar="WORD",
        help="what the answer is for, as license clauses ask: chat, distill, ...",
    )
    add("--json", action="store_true", help="write one JSON object")


def _fill_check(parser: Parser) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE", help="else the policy that counts")


def _fill_models(parser: Parser) -> None:
    parser.add_argument(
        "--all", action="store_true", dest="every", help="the catalog's other models too"
    )
    what = "how models answered, by the file that the policy keeps, or by this one"
    parser.add_argument("--observed", nargs="?", const="", metavar="FILE", help=what)
    parser.add_argument("--json", action="store_true", help="write --observed as JSON")


def _actions(parser: Parser, summaries: Mapping[str, str]) -> Iterator[tuple[str, Parser]]:
    """Add the actions of a command, each of which may name the policy as well."""
    actions = parser.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=Parser
    )
    for name, summary in summaries.items():
        action = actions.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        _add_policy(action, default=argparse.SUPPRESS)
        yield name, action


def _fill_catalog(parser: Parser) -> None:
    for name, action in _actions(parser, ACTIONS):
        if name == "explain":
            what = 'a model of the policy, or of the catalog: "openai/gpt-4"'
            action.add_argument("target", metavar="MODEL", help=what)
        if name == "import":
            fill_import(action)
        if name == "check":
            what = "what was read longer ago is old; default 120"
            action.add_argument("--days", type=int, default=120, metavar="N", help=what)
            what = "show instead where this fact file says something else than the catalog"
            action.add_argument("--against", metavar="FILE", help=what)
        if name != "list":
            action.add_argument("--json", action="store_true", help="write JSON")


def _fill_license(parser: Parser) -> None:
    for name, action in _actions(parser, LICENSE_ACTIONS):
        action.add_argument("--json", action="store_true", help="write JSON")
        if name == "explain":
            what = 'a model of the policy or of the catalog, open weights, or a license: "llama-2"'
            action.add_argument("target", metavar="MODEL", help=what)
            what = "a fact of [facts] for this once: purposes=distill, commercial=true; repeat it"
            action.add_argument(
                "--fact", action="append", dest="facts", metavar="NAME=VALUE", help=what
            )


def _fill_doctor(parser: Parser) -> None:
    parser.add_argument(
        "--network",
        action="store_true",
        help="also resolve the hosts of the policy's models (2 s at most)",
    )


ACTIONS = {
    "list": "Show every model that the catalog lists.",
    "explain": "Show where each number of a model comes from: every layer, source and date.",
    "check": "Show what is old, odd or lacks its successor (exit code 1), and what is retired.",
    "import": "Write facts of models from somebody else's data to a fact file of yours.",
}
LICENSE_ACTIONS = {
    "list": "Show every license that there is a card of.",
    "explain": "Judge a use, clause by clause (exit code 3: denied, 1: not known).",
}
COMMANDS: dict[str, tuple[str, Callable[[Parser], None]]] = {
    "chat": ("Ask; the answer goes to stdout, everything about it to stderr.", _fill_chat),
    "plan": ("Show which models may answer, in order, and send nothing.", _fill_plan),
    "check": ("Check policy files; each problem with file and line.", _fill_check),
    "models": ("Show what can answer now, and what the rest is missing.", _fill_models),
    "catalog": ("Show what is known of models, from where, and what is old.", _fill_catalog),
    "license": ("Show what licenses say, and whether they allow a use.", _fill_license),
    "simulate": ("Play traffic by a policy, with outages, in no time.", fill_simulate),
    "doctor": ("Show what this machine and this installation can do.", _fill_doctor),
}
"""What each command does, and what adds its arguments."""
