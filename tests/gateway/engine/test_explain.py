"""What people are told of a plan: a tree of its steps, and the code."""

import re
from pathlib import Path
from textwrap import dedent

from gateway.engine.explain import explain
from gateway.engine.plan import Plan
from tests.builders.graph_plans import a_plan

ROOT = Path(__file__).parents[3]


def tree(text: str) -> str:
    """Give what stands above the code of a document's only part."""
    return explain(a_plan(text)).partition("\n\n")[0]


def test_a_step_stands_below_the_one_it_waits_for() -> None:
    found = tree("{ customers(first: 3) { nodes { name partner { name } } } }")

    assert found == dedent("""\
        customers
            rpc   partner.customers.v1.CustomerService/ListCustomers
            mask  name, partner_id
            partners
                rpc   partner.customers.v1.PartnerService/BatchGetPartners
                keys  [customer.partner_id for customer in customers.customers]
                mask  id, name""")


def test_keys_of_several_edges_are_all_told() -> None:
    found = tree("{ customers { nodes { partner { name } indirectPartner { name } } } }")

    assert [line.split()[1] for line in found.splitlines() if " keys " in line] == [
        "[customer.partner_id",
        "[customer.indirect_partner_id",
    ]


def test_a_step_that_waits_for_two_names_both() -> None:
    found = tree(
        """{
          customers { nodes { partner { name } } }
          voucherQuotas { nodes { partner { name } } }
        }"""
    )

    assert "        after customers, voucher_quotas\n" in found


def test_a_step_without_keys_or_mask_is_its_rpc_alone() -> None:
    found = tree("{ customers { totalCount } }")

    assert found.splitlines()[-2:] == [
        "customers_count",
        "    rpc   partner.customers.v1.CustomerService/CountCustomers",
    ]


def test_a_plan_that_asks_nobody_says_so() -> None:
    assert tree("{ me { subject } }") == "asks nothing"


def test_the_code_that_runs_stands_below_the_steps() -> None:
    plan = a_plan("{ customers { nodes { name partner { name } } } }")

    code = explain(plan).partition("\n\n")[2]

    assert code == plan.parts[0].source
    assert code.startswith("# Keys for partners.\ndef keys_1(customers):\n")
    assert '"customers": {' in code


def test_parts_are_told_one_after_the_other_with_their_numbers() -> None:
    first, second = a_plan("{ me { subject } }"), a_plan("{ programs { nodes { id } } }")

    texts = explain(Plan([*first.parts, *second.parts]))

    assert texts.startswith("part 1 of 2\nasks nothing\n\nasync def build(turn, me):")
    assert "\n\npart 2 of 2\nprograms\n    rpc   " in texts


def test_a_step_that_several_feed_stands_below_one_of_them() -> None:
    shown = explain(
        a_plan(
            """{ customers { nodes { partner { name } } }
                 voucherQuotas { nodes { partner { name } } } }"""
        )
    )

    assert shown.count("BatchGetPartners") == 1
    assert "after customers, voucher_quotas" in shown


def test_the_documentation_shows_what_is_generated() -> None:
    text = (ROOT / "docs" / "engine.md").read_text(encoding="utf-8")
    [query, shown] = re.findall(r"For `(\{.+\})`:\n\n```text\n(.+?)```", text, re.DOTALL)[0]

    assert explain(a_plan(query)).rstrip("\n") == shown.rstrip("\n")
