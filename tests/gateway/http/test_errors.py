"""Every code that a client may meet stands in the page about HTTP."""

import re
from pathlib import Path

from gateway.http.errors import GRAPHQL_STATUS, STATUS
from gateway.kit.errors import CODES

PAGE = Path(__file__).parents[3] / "docs" / "http.md"


def test_the_page_names_every_code() -> None:
    errors = PAGE.read_text().partition("## Errors")[2].partition("## Limits")[0]

    assert {*STATUS, *GRAPHQL_STATUS, *CODES.values()} == set(re.findall(r"`([A-Z_]{5,})`", errors))
