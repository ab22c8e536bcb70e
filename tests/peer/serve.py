"""Runs llama.cpp's own server, from the wheel of xllamacpp, on a free port of this machine.

`python serve.py FILE chat|tools|embed` prints its address, and serves until its input is closed.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path


def main(file: str, kind: str) -> None:
    """Serve `file`: chats with one slot, chats with tools, or mean-pooled embeddings."""
    xllamacpp = import_module("xllamacpp")  # shipped without type information
    params = xllamacpp.CommonParams()
    params.model.path = file
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 1024
    params.n_ubatch = 1024  # a text that is embedded must fit one batch
    params.n_parallel = 1
    params.cpuparams.n_threads = 1  # more would wait for each other on a busy machine
    params.use_jinja = True
    params.endpoint_slots = True
    params.warmup = False
    if kind == "tools":  # the template of the file knows of none
        params.chat_template = Path(__file__).with_name("tools.jinja").read_text(encoding="utf-8")
    if kind == "embed":
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
