"""Links to files: good for their file, for a quarter of an hour, as who asked for them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.links import LIFE, LinkRefused, Links
from services.kit.ids import new_id, to_text
from tests.builders.keys import make_keys
from tests.builders.principals import a_director, a_tenant

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
LINKS = Links(b"secret")
DIRECTOR = a_director(a_tenant(), team=(new_id(), new_id()))


def an_id() -> str:
    return to_text("exb", new_id())


def ticket_of(path: str) -> str:
    [ticket] = parse_qs(urlsplit(path).query)["ticket"]
    return ticket


def test_a_link_says_who_asked_for_it() -> None:
    id_ = an_id()

    path = LINKS.path_to(id_, principal=DIRECTOR, now=NOON)
    principal = LINKS.read(id_, ticket_of(path), now=NOON + LIFE - timedelta(seconds=1))

    assert urlsplit(path).path == f"/exports/{id_}"
    assert principal.to_claims() == DIRECTOR.to_claims()
    assert principal.actor == "gateway"


def test_a_link_tells_nobody_who_asked() -> None:
    path = LINKS.path_to(an_id(), principal=DIRECTOR, now=NOON)

    assert DIRECTOR.subject not in path
    assert str(DIRECTOR.tenant_id) not in path


def test_a_link_is_refused_when_its_time_is_over() -> None:
    id_ = an_id()
    ticket = ticket_of(LINKS.path_to(id_, principal=DIRECTOR, now=NOON))

    with pytest.raises(LinkRefused):
        LINKS.read(id_, ticket, now=NOON + LIFE)


def test_a_link_is_refused_for_another_file_and_by_another_installation() -> None:
    id_ = an_id()
    ticket = ticket_of(LINKS.path_to(id_, principal=DIRECTOR, now=NOON))

    with pytest.raises(LinkRefused):
        LINKS.read(an_id(), ticket, now=NOON)
    with pytest.raises(LinkRefused):
        Links(b"other").read(id_, ticket, now=NOON)


@pytest.mark.parametrize("ticket", ["", "nonsense", "ü", "A" * 64, "=" * 5])
def test_what_is_no_ticket_is_refused(ticket: str) -> None:
    with pytest.raises(LinkRefused):
        LINKS.read(an_id(), ticket, now=NOON)


def test_all_gateways_of_an_installation_make_the_same_links(tmp_path: Path) -> None:
    make_keys(tmp_path)
    one, other = [Links.from_signing_key(tmp_path / "gateway.jwk") for _ in range(2)]
    id_ = an_id()

    path = one.path_to(id_, principal=DIRECTOR, now=NOON)

    assert other.read(id_, ticket_of(path), now=NOON).subject == DIRECTOR.subject
