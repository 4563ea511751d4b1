"""Which media type a client wants its answer in."""

from dataclasses import dataclass
from functools import lru_cache

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"
EVENT_STREAM = "text/event-stream"

_GIVES = {
    GRAPHQL_JSON: GRAPHQL_JSON,
    JSON: JSON,
    "application/*": JSON,
    "*/*": JSON,
    EVENT_STREAM: EVENT_STREAM,
}


@dataclass(frozen=True)
class Wish:
    """What an Accept header comes to, for the media types that the gateway has."""

    json: str
    # An event stream is listed before every JSON type. urql lists it behind, on each query.
    prefers_stream: bool
    accepts_stream: bool


@lru_cache(maxsize=256)
def read_accept(header: str | None) -> Wish:
    """Read an Accept header; one that names nothing we have gets application/json."""
    ranked: list[tuple[float, str]] = []
    for entry in (header or "").split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        quality = _quality(parameters)
        if quality > 0 and name in _GIVES:
            ranked.append((quality, _GIVES[name]))
    # Sorting is stable: what stands first wins among equals.
    ordered = [name for _, name in sorted(ranked, key=lambda each: -each[0])]
    jsons = [name for name in ordered if name != EVENT_STREAM]
    return Wish(
        json=jsons[0] if jsons else JSON,
        prefers_stream=bool(ordered) and ordered[0] == EVENT_STREAM,
        accepts_stream=EVENT_STREAM in ordered,
    )


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
