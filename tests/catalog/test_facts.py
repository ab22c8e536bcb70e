"""What provider files and files of open weights say of models, and what declarations do."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from llmroute.catalog import Declaration, model, resolve
from llmroute.catalog.collection import Catalog
from llmroute.catalog.data import names
from llmroute.catalog.families import FOLDER, laid_under, shared, weights_file, weights_of
from llmroute.catalog.tables import read_provider, read_weights
from llmroute.errors import PolicyError
from llmroute.policies.files import loads_policy
from llmroute.types.models import DataHandling, ImageTokens, Score, Speed

if TYPE_CHECKING:
    from llmroute.catalog.entries import ModelEntry
    from llmroute.types.models import Model

SOURCE = """
[sources.card]
title = "A model card"
url = "https://example.com/card"
checked_on = 2026-11-26
"""
FULL = (
    SOURCE
    + """
[models.m]
family = "m"
tuning = "chat"
languages = ["en", "de"]
released = { value = 2026-01-01, source = "card" }
knowledge_cutoff = { value = 2025-06-01, source = "card" }
parameters_billion = { value = 1800, source = "card", confirmed = false }
active_parameters_billion = { value = 13.5, source = "card" }
training_tokens_billion = { value = 15000, source = "card" }
images = { kind = "tile", base = 85, per_tile = 170, source = "card" }
speed = { first_token_s = 0.5, tokens_per_s = 80, source = "card" }
data = { trains = false, retention_days = 30, zero_retention = "on approval", source = "card" }
[[models.m.scores]]
benchmark = "MMLU"
value = 86.4
harness = "maker's report"
shots = 5
tuning = "base"
source = "card"
"""
)
HEAD = '[provider]\napi = "openai-chat"\nbase_url = "https://api.acme.example"\n'


def entry_of(text: str) -> ModelEntry:
    """The one model of a host's file."""
    (entry,) = read_provider(
        "acme", tomllib.loads(HEAD + text, parse_float=Decimal)
    ).models.values()
    return entry


def problems_of(text: str) -> str:
    """What is wrong with a host's file."""
    with pytest.raises(PolicyError) as caught:
        read_provider("acme", tomllib.loads(HEAD + text, parse_float=Decimal))
    return str(caught.value)


def test_every_fact_is_read() -> None:
    """Dates, sizes, scores, speed, images and data handling come with their sources."""
    entry = entry_of(FULL)
    assert (entry.released, entry.knowledge_cutoff) == (date(2026, 1, 1), date(2025, 6, 1))
    assert entry.parameters_billion == 1800
    assert entry.parameters_confirmed is False
    assert entry.active_parameters_billion == Decimal("13.5")
    assert entry.training_tokens_billion == 15000
    assert entry.languages == ("en", "de")
    assert entry.images == ImageTokens("tile", 85, 170)
    assert entry.speed == Speed(0.5, 80.0, None, "card")
    assert entry.handling == DataHandling(trains=False, retention_days=30, zero_retention=False)
    on = date(2026, 11, 26)
    score = Score("MMLU", 86.4, "maker's report", "A model card", 5, None, "base", on)
    assert entry.scores == (score,)
    assert set(entry.sources) >= {"released", "scores.0", "parameters_billion", "images", "data"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('parameters_billion = { value = -7, source = "card" }', "more than 0"),
        ('parameters_billion = { value = nan, source = "card" }', "at most 100000"),
        ('training_tokens_billion = { value = 1e99, source = "card" }', "at most 1000000"),
        ('released = { value = 2026-01-01, source = "nowhere" }', "one of [sources]"),
        ('images = { kind = "circle", source = "card" }', "tile"),
        ('images = { base = 1, source = "card" }', "it is missing"),
        ('speed = { tokens_per_s = 0, source = "card" }', "more than 0"),
        ('data = { zero_retention = "maybe", source = "card" }', "on approval"),
        ('data = { retention_day = 3, source = "card" }', "retention_days"),
        ('scores = [{ benchmark = "MMLU", harness = "x", source = "card" }]', "value"),
        ('scores = [{ benchmark = "MMLU", value = 101, harness = "x", source = "card" }]', "100"),
        ('scores = [{ benchmark = "MT-Bench", value = 11, harness = "x", source = "card" }]', "10"),
        ('scores = [{ benchmark = "MMLUU", value = 1, harness = "x", source = "card" }]', "MMLU"),
        ('scores = [{ benchmark = "MMLU", value = 1, harness = "x" }]', "one of [sources]"),
        ("languages = [1]", "strings"),
    ],
)
def test_a_wrong_fact_is_named(wrong: str, said: str) -> None:
    """What is not believable, has no source or is no word of ours is a problem with its key."""
    told = problems_of(f"{SOURCE}[models.m]\n{wrong}\n")
    assert wrong.partition(" ")[0] in told
    assert said in told


def test_a_host_inherits_what_it_does_not_say() -> None:
    """A row with weights takes their facts and sources; what it says itself stays."""
    known = read_weights("w.toml", tomllib.loads(FULL, parse_float=Decimal))["m"]
    row = entry_of(
        SOURCE + '[models."acme/m"]\nweights = "m"\nfamily = "own"\n'
        'parameters_billion = { value = 7, source = "card" }\n'
    )
    entry = laid_under(row, known)
    assert (entry.id, entry.api, entry.family, entry.tuning) == (
        "acme/m",
        "openai-chat",
        "own",
        "chat",
    )
    assert (entry.parameters_billion, entry.parameters_confirmed) == (Decimal(7), True)
    assert entry.scores == known.scores
    assert set(entry.sources) >= {"scores.0", "released", "parameters_billion"}


def test_weights_name_no_provider() -> None:
    """A file of open weights holds facts; an address or a key in it is refused."""
    with pytest.raises(PolicyError, match="no provider"):
        read_weights("w.toml", tomllib.loads(HEAD + FULL))


def test_unknown_weights_are_an_error() -> None:
    """A row that names weights which no file tells of fails when its model is used."""
    assert shared("no-such-weights") is None
    assert weights_file("no-such-weights") is None
    found = read_provider("acme", tomllib.loads(HEAD + '[models.m]\nweights = "no-such"\n'))
    with pytest.raises(PolicyError, match="no weights"):
        found.model("m")


@pytest.mark.parametrize("name", names(FOLDER))
def test_each_file_of_weights_is_sound(name: str) -> None:
    """Each shipped file of open weights can be read, and each of its models is found by its id."""
    for id_ in weights_of(f"{FOLDER}/{name}.toml"):
        assert weights_file(id_) == f"{FOLDER}/{name}.toml"


def declared(**options: object) -> Model:
    """A model of a server, as a policy file with these keys declares it."""
    lines = "".join(f"{key} = {value}\n" for key, value in options.items())
    text = (
        'version = 1\n[models.m]\nuse = "openai-compatible"\nmodel = "x"\n'
        f'base_url = "https://acme.example/v1"\n{lines}'
    )
    return loads_policy(text).models[0]


def test_a_declaration_says_its_worth() -> None:
    """Quality, speed, data handling, open weights and service tier are the model's, as in code."""
    told = declared(
        quality='{ code = "strong", any = "good" }',
        speed="{ first_token_s = 0.2, tokens_per_s = 30 }",
        data='{ trains = false, retention_days = 0, zero_retention = true, regions = ["eu"] }',
        open_weights="true",
        service_tier='"flex"',
    )
    in_code = resolve(
        model(
            "m",
            use="openai-compatible",
            model="x",
            base_url="https://acme.example/v1",
            quality={"code": "strong", "any": "good"},
            speed={"first_token_s": 0.2, "tokens_per_s": 30},
            data={
                "trains": False,
                "retention_days": 0,
                "zero_retention": True,
                "regions": ["eu"],
            },
            open_weights=True,
            service_tier="flex",
        )
    )
    assert told == in_code
    assert told.qualities == (("code", "strong"), ("any", "good"))
    assert told.speed == Speed(0.2, 30.0)
    handling = DataHandling(trains=False, retention_days=0, zero_retention=True, regions=("eu",))
    assert told.handling == handling
    assert (told.open_weights, told.service_tier) == (True, "flex")
    assert declared(quality='"top"').qualities == (("any", "top"),)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("quality", '"best"', "top"),
        ("quality", '{ cod = "top" }', "code"),
        ("quality", "3", "a table"),
        ("speed", "{ tokens_per_s = -1 }", "more than 0"),
        ("speed", "{ tokens = 1 }", "tokens_per_s"),
        ("data", "{ trains = 1 }", "true or false"),
        ("data", "{ retention_days = -1 }", "between 0"),
        ("open_weights", '"yes"', "true or false"),
    ],
)
def test_a_wrong_worth_is_told(key: str, value: str, said: str) -> None:
    """A tier, task or number that is none is a problem with its key."""
    with pytest.raises(PolicyError) as caught:
        declared(**{key: value})
    assert f"models.m.{key}" in str(caught.value)
    assert said in str(caught.value)


def test_prompts_stay_at_home() -> None:
    """A model of this machine trains nobody and keeps nothing; of a host nothing is assumed."""
    local = resolve(Declaration("m", "llama-cpp", file="x.gguf"), Catalog())
    assert local.handling == DataHandling(trains=False, retention_days=0, zero_retention=True)
    assert declared().handling is None
