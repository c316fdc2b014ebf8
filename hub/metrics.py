# SPDX-License-Identifier: EUPL-1.2
"""Every metric of Wissel in one place, each explained in docs/reference/metrics.md. No label ever holds personal data."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY: Final = CollectorRegistry(auto_describe=True)
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(name, text, labels, registry=REGISTRY)


def _gauge(name: str, text: str, *labels: str) -> Gauge:
    return Gauge(name, text, labels, registry=REGISTRY)


def _seconds(name: str, text: str, *labels: str) -> Histogram:
    return Histogram(name, text, labels, buckets=_SECONDS, registry=REGISTRY)


VERZOEKEN: Final = _counter("wissel_http_requests", "Requests answered.", "method", "route", "status")
VERZOEK_DUUR: Final = _seconds("wissel_http_request_seconds", "Time to answer a request.", "route")
SESSIES: Final = _gauge("wissel_sessions", "People who are logged in.")
HINTS: Final = _counter("wissel_hints", "Notifications, by what became of them.", "gemeente", "uitkomst")
TOEGEPAST: Final = _counter("wissel_events_applied", "Events a member has passed.", "lid")
ACHTERSTAND: Final = _gauge("wissel_events_behind", "Events that are logged and that a member has not taken yet.", "lid")
OUTBOX: Final = _gauge("wissel_outbox_events", "Events that are put down and not published to Kafka yet.")
OUTBOX_LEEFTIJD: Final = _gauge("wissel_outbox_age_seconds", "Age of the oldest event that is not published to Kafka yet.")
ACHTER: Final = _gauge("wissel_lag_seconds", "Age of what the read models show; 0 when all is shown.")
GEPARKEERD: Final = _counter("wissel_parked", "Times an event was parked.", "lid", "oorzaak")
GEPARKEERD_NU: Final = _gauge(
    "wissel_parked_now", "What is parked now: events with their successors, opdrachten and inbox entries."
)
PARKEERGRENS: Final = _gauge("wissel_parking_limit_exceeded", "1 while more is parked than [parkeren] allows.", "grens")
AANDACHT: Final = _gauge(
    "wissel_attention_needed", "Things that need a person now, by kind and whether at once.", "soort", "alarm"
)
OPDRACHTEN: Final = _counter("wissel_opdrachten", "Tries to carry out an opdracht.", "connector", "soort", "uitkomst")
BRON_VERZOEKEN: Final = _counter("wissel_source_requests", "Calls to other systems.", "bron", "status")
BRON_DUUR: Final = _seconds("wissel_source_request_seconds", "Time another system took to answer.", "bron")
VERGELEKEN: Final = _counter("wissel_comparisons", "Rounds of comparing with a source.", "gemeente", "soort", "uitkomst")
GEVONDEN: Final = _counter("wissel_found_unnotified", "Zaken fetched because comparing gave reason to.", "gemeente", "reden")
BRON_STORING: Final = _gauge("wissel_source_fault", "1 while something at a source needs a person.", "gemeente", "wat")
GATEN: Final = _counter("wissel_notifications_missing", "Changes in audit trails of which no notification came.", "gemeente")


def exposition() -> bytes:
    """Return all metrics in the Prometheus text format."""
    return generate_latest(REGISTRY)
