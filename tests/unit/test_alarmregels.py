# SPDX-License-Identifier: EUPL-1.2
"""The example alert rules and dashboard ask for metrics that exist, by labels that they have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from hub import metrics

METRIC = re.compile(r"\bwissel_[a-z_]+\b")
SELECTED = re.compile(r"(wissel_[a-z_]+)\{([^}]*)\}")
GROUPED = re.compile(r"\bby \(([^)]*)\)")
OUTSIDE = {"le"}


@pytest.fixture(scope="module")
def rules(repo: Path) -> list[dict[str, Any]]:
    """The alert rules."""
    loaded = yaml.safe_load((repo / "deploy" / "prometheus" / "wissel-alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in loaded["groups"] for rule in group["rules"]]


@pytest.fixture(scope="module")
def panels(repo: Path) -> list[dict[str, Any]]:
    """The panels of the dashboard."""
    return json.loads((repo / "deploy" / "grafana" / "wissel.json").read_text(encoding="utf-8"))["panels"]


@pytest.fixture(scope="module")
def expressions(rules: list[dict[str, Any]], panels: list[dict[str, Any]]) -> list[str]:
    """Every question that rules and panels ask."""
    asked = [rule["expr"] for rule in rules] + [target["expr"] for panel in panels for target in panel["targets"]]
    assert len(asked) > 20
    return asked


def exposed() -> dict[str, set[str]]:
    """Every series as it is scraped, with its labels."""
    return dict(_series())


def _series() -> Iterator[tuple[str, set[str]]]:
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            described, labels = next(iter(metric.describe())), set(metric._labelnames)
            endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(described.type, ("",))
            yield from ((described.name + ending, labels | (OUTSIDE if ending == "_bucket" else set())) for ending in endings)


def test_every_metric_they_name_exists(expressions: list[str]) -> None:
    """A rule about a metric that is not there never fires."""
    asked = {name for text in expressions for name in METRIC.findall(text)}
    assert asked - exposed().keys() == set()


def test_every_label_they_select_or_group_by_exists(expressions: list[str]) -> None:
    """Neither does a rule about a label that is not there."""
    known = exposed()
    for text in expressions:
        for name, selected in SELECTED.findall(text):
            assert set(re.findall(r"(\w+)\s*(?:=|!=|=~|!~)\s*\"", selected)) <= known[name], text
        grouped = {label.strip() for group in GROUPED.findall(text) for label in group.split(",")}
        assert grouped <= set().union(*(known[name] for name in METRIC.findall(text)), set()), text


def test_every_rule_says_what_to_do(rules: list[dict[str, Any]]) -> None:
    """Who is woken reads what is wrong and what helps; names are not used twice."""
    assert [rule["alert"] for rule in rules if not {"summary", "doe"} <= rule["annotations"].keys()] == []
    assert {rule["labels"]["severity"] for rule in rules} == {"page", "ticket"}
    assert len({rule["alert"] for rule in rules}) == len(rules)


def test_the_dashboard_can_be_imported(panels: list[dict[str, Any]]) -> None:
    """Each panel has its own number and place, and asks the data source that is chosen when it is imported."""
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)
    assert {panel["datasource"]["uid"] for panel in panels} == {"${bron}"}
