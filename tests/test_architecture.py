"""The house rules, read off the source: sizes, import arrows, broad excepts, names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "llmroute"
MODULES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# Each layer may import itself and the layers named here; "" is the package's own __init__.
CHAIN = [
    "types",
    "errors",
    "catalog licenses schemas tokens",
    "policies",
    "health",
    "flow",
    "driver",
]
ABOVE = ["client", "testing", "simulation", "cli server"]
PURE = ("flow", "policies")
IMPURE_MODULES = {"httpx2", "httpx", "httpcore2", "time", "asyncio", "threading", "random"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def allowed_imports() -> dict[str, set[str]]:
    """Spell the arrows of the design out as layer -> layers it may import."""
    allowed: dict[str, set[str]] = {}
    below: set[str] = set()
    for level in CHAIN:
        names = set(level.split())
        for name in names:
            allowed[name] = below | {name}
        below |= names
    allowed["providers"] = {"types", "errors", "catalog", "schemas", "providers"}
    below |= {"providers"}
    for level in ABOVE:
        names = set(level.split())
        for name in names:
            allowed[name] = below | {name, ""}
        below |= names
    allowed[""] = below
    return allowed


def layer_of(path: Path) -> str:
    """The first folder below the package; "" for its own __init__."""
    if path == SOURCE / "__main__.py":  # `python -m llmroute` is the command line
        return "cli"
    parts = path.relative_to(SOURCE).parts
    return parts[0].removesuffix(".py") if len(parts) > 1 else ""


def imported(path: Path) -> set[str]:
    """Every absolute module name that `path` imports, TYPE_CHECKING imports included."""
    package = ["llmroute", *path.relative_to(SOURCE).with_suffix("").parts]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: -node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return names


def functions(path: Path) -> list[Function]:
    """Every function of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def complexity(function: Function) -> int:
    """Count the decisions of a function, as McCabe does, nested functions left out."""
    branches = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.IfExp)
    count = 1
    stack: list[ast.AST] = list(ast.iter_child_nodes(function))
    while stack:
        node = stack.pop()
        if isinstance(node, Function | ast.Lambda | ast.ClassDef):
            continue
        count += isinstance(node, branches)
        count += isinstance(node, ast.comprehension) * (1 + len(getattr(node, "ifs", ())))
        count += isinstance(node, ast.match_case)
        if isinstance(node, ast.BoolOp):
            count += len(node.values) - 1
        stack.extend(ast.iter_child_nodes(node))
    return count


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_sizes(path: Path) -> None:
    """A module has at most 300 lines, a function 40 lines, 6 parameters and complexity 8."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
    for function in functions(path):
        where = f"{path.name}:{function.lineno} {function.name}"
        assert (function.end_lineno or 0) - function.lineno + 1 <= 40, where
        assert complexity(function) <= 8, where
        arguments = function.args
        parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        count = len([one for one in parameters if one.arg not in {"self", "cls"}])
        count += (arguments.vararg is not None) + (arguments.kwarg is not None)
        assert count <= 6, where


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_import_arrows(path: Path) -> None:
    """Each layer imports only the layers below it; flow and policies import no clock and no I/O."""
    layer = layer_of(path)
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "llmroute":
            target = parts[1] if len(parts) > 1 and (SOURCE / parts[1]).is_dir() else ""
            assert target in allowed_imports()[layer], f"{layer} imports {name}"
        elif layer in PURE:
            assert parts[0] not in IMPURE_MODULES, f"{layer} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_broad_except(path: Path) -> None:
    """`except Exception` stands nowhere but in the one guard around hooks of the user."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and path.name != "hooks.py":
            name = node.type.id if isinstance(node.type, ast.Name) else ""
            assert node.type is not None, path
            assert name not in {"Exception", "BaseException"}, f"{path}:{node.lineno}"


def test_exceptions_end_in_error() -> None:
    """Every exception class is named ...Error."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
                if any(base.endswith(("Error", "Exception")) for base in bases):
                    assert node.name.endswith("Error"), f"{path}: {node.name}"


def test_no_any_in_public_signatures_and_few_ignores() -> None:
    """Public signatures are free of Any; the whole source has at most 5 `type: ignore`."""
    ignores = 0
    for path in MODULES:
        ignores += len(re.findall(r"# type: ignore", path.read_text(encoding="utf-8")))
        for function in functions(path):
            if function.name.startswith("_"):
                continue
            parameters = [
                *function.args.posonlyargs,
                *function.args.args,
                *function.args.kwonlyargs,
            ]
            notes = [one.annotation for one in parameters] + [function.returns]
            names = {
                node.id
                for note in notes
                if note is not None
                for node in ast.walk(note)
                if isinstance(node, ast.Name)
            }
            assert "Any" not in names, f"{path}:{function.lineno} {function.name}"
    assert ignores <= 5


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_tests_state_their_rule(path: Path) -> None:
    """Each test's docstring states its rule; no test mocks or patches."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"unittest\.m[o]ck|M[o]nkeyPatch\.setattr|monkeypatch\.set[a]ttr", text), (
        path
    )
    for function in functions(path):
        if function.name.startswith("test_"):
            assert ast.get_docstring(function), f"{path}:{function.lineno} {function.name}"
