"""The servers of `compose.yaml`: reached from this machine only, pinned, and with no secret that everybody knows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

FILE = Path(__file__).parents[2] / "compose.yaml"
SERVICES: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
LASTING = [name for name, one in SERVICES.items() if "restart" in one]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_listens_on_this_machine_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_of_one_version(name: str) -> None:
    assert re.search(r":.*\d+[.-]\d+", SERVICES[name]["image"])


@pytest.mark.parametrize("name", LASTING)
def test_a_server_says_whether_it_is_well_and_keeps_its_data_in_a_named_volume(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]
    assert [volume.split(":")[0] for volume in SERVICES[name]["volumes"]] == [name]


@pytest.mark.parametrize("name", SERVICES)
def test_a_password_comes_from_the_environment_and_has_no_default(name: str) -> None:
    secrets = {key: value for key, value in SERVICES[name]["environment"].items() if re.search("PASSWORD|AUTH", key)}

    assert secrets
    assert all(re.fullmatch(r"\$\{JOURNAL_\w+_PASSWORD:\?[^}]+\}", value) for value in secrets.values())
