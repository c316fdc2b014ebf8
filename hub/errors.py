# SPDX-License-Identifier: EUPL-1.2
"""Every error of Wissel, in one tree. The branch decides what happens next.

``Transient``  may succeed when tried again: retried with jitter, within bounds.
``Poison``     will never succeed as it is: the stream is parked, the others go on.
``Refused``    we do not start or do not act, and say what to do.
``Rejected``   the asker must change the request; an HTTP edge answers 4xx.
"""

from __future__ import annotations

from collections.abc import Sequence


class HubError(Exception):
    """Root of all errors of Wissel. The message says what happened and what to do.

    ``in_woorden``: the cause in plain words for who sees it parked; a kind without words has those of the kind above it.
    """

    in_woorden = ""


class Transient(HubError):
    """Trying again may help."""

    in_woorden = "Dit lukte niet binnen de tijd die ervoor staat. Probeer het opnieuw."


class LostRace(Transient):
    """A compare-and-set found another value: somebody else was first; rerun on fresh state."""


class LogUnavailable(Transient):
    """The log does not answer now. Nothing is lost: what is put down waits in the store."""


class SourceUnavailable(Transient):
    """The other side did not answer, answered too late or answered 5xx/429.

    ``retry_after_s`` is what the other side asked for (HTTP Retry-After), else None.
    """

    in_woorden = "Een ander systeem gaf geen antwoord. Kijk of dat weer werkt en probeer het opnieuw."

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Poison(HubError):
    """Trying again as it is will not help; a person must look."""

    in_woorden = "Dit kan zo niet worden verwerkt. Er moet eerst iets worden hersteld."


class SchemaViolation(Poison):
    """An event does not fit its Avro schema, or a record names a schema we do not have."""

    in_woorden = "De gegevens passen niet bij wat er is afgesproken. Een ontwikkelaar moet kijken."


class ForeignRecord(SchemaViolation):
    """A record in the log that is no event of ours: it belongs to no zaak, so it is parked alone and holds nobody up."""

    in_woorden = "In het logboek staat iets dat niet van Wissel is. Het houdt niemand op."


class ElementDamaged(Poison):
    """A sealed element does not open with its own key: its bytes are not those that were sealed."""

    in_woorden = "Een versleuteld stuk gaat niet meer open. Zet een reservekopie van het logboek terug."


class SequenceFault(Poison):
    """The log gives a stream's events with a hole or twice (R5). ``oorzaak`` is what the parked stream is shown with."""

    in_woorden = "In het logboek klopt de volgorde niet. Zet een nieuwere kopie van het logboek terug."

    def __init__(self, message: str, *, oorzaak: str) -> None:
        super().__init__(message)
        self.oorzaak = oorzaak


class TooLarge(Poison):
    """An event is larger than a log may carry (900 kB encoded)."""

    in_woorden = "Dit is te groot voor het logboek."


class SourceContractBroken(Poison):
    """The other side answered something its own specification does not allow, or refused our request as wrong (4xx)."""

    in_woorden = "Een ander systeem weigerde of gaf een antwoord dat niet mag. Herstel het daar, en probeer het opnieuw."


class KeyMissing(HubError):
    """A data key is neither present nor recorded as destroyed: the key file is not the one this log belongs to."""

    in_woorden = "Een sleutel ontbreekt. Zet de nieuwste reservekopie van de sleutels terug."

    def __init__(self, message: str, *, key_id: str = "") -> None:
        super().__init__(message)
        self.key_id = key_id


class KeyDestroyed(Transient):
    """An element was sealed with a key that has been destroyed meanwhile: seal again with a new key."""


class Refused(HubError):
    """The hub does not start, or does not do this, and the message names what helps."""


class ConfigError(Refused):
    """Settings are wrong. ``problems`` holds every problem at once, each ``key: what is wrong; what to write``."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("Instellingen kloppen niet / settings are wrong:\n" + "\n".join(f"  - {p}" for p in problems))
        self.problems = tuple(problems)


class Rejected(HubError):
    """What was asked is not possible as asked."""


class Conflict(Rejected):
    """The state on which the request was based is no longer the state (HTTP 409)."""


class NotFound(Rejected):
    """What was asked for does not exist for this asker (HTTP 404)."""


class Invalid(Rejected):
    """The request itself is wrong (HTTP 400). ``problems``: one ``(field, what)`` per problem, all at once."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {what}" for field, what in problems))
        self.problems = tuple(problems)


def niet_ingevuld(**given: str) -> list[tuple[str, str]]:
    """Return, for ``Invalid``, which of these texts say nothing."""
    return [(field.replace("_", "-"), "mag niet leeg zijn") for field, text in given.items() if not text.strip()]
