"""Customers as clients see and change them."""

from partner.customers.v1 import account_managers_pb2, customers_pb2, partners_pb2
from partner.type.v1 import terms_pb2
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask

EVERYTHING = """{ customers { nodes {
  accountName name customerType verificationStatus associationType associateTime
  tags email mobile countryCode freezeState level
  newCustomerTag { value effectiveCycle expireCycle }
  externalId externalPlatform monthToDateSpend { amount currencyCode }
  nearestExpireTime enterpriseRole createTime
  partner { name } indirectPartner { name distributor { name } }
  accountManager { name partner { name } }
} } }"""
SHOWN = {
    "accountName": "l***",
    "name": "顶***",
    "customerType": "ENTERPRISE",
    "verificationStatus": "VERIFIED",
    "associationType": "ADVISORY",
    "associateTime": "2026-05-28T20:26:40Z",
    "tags": ["重点"],
    "email": "a***@example.com",
    "mobile": "138****0000",
    "countryCode": "86",
    "freezeState": "NONE",
    "level": "V3",
    "newCustomerTag": {
        "value": "YES",
        "effectiveCycle": "2026-01",
        "expireCycle": None,
    },
    "externalId": "e-1",
    "externalPlatform": "erp",
    "monthToDateSpend": {"amount": "0.5", "currencyCode": "CNY"},
    "nearestExpireTime": "2026-05-28T20:26:40Z",
    "enterpriseRole": "MASTER",
    "createTime": "2026-05-28T20:26:40Z",
    "partner": {"name": "总经销商"},
    "indirectPartner": {"name": "云经销商", "distributor": {"name": "总经销商"}},
    "accountManager": {"name": "李明", "partner": {"name": "总经销商"}},
}


async def test_a_customer_shows_everything_that_the_service_knows() -> None:
    partner = messages.a_partner(name="总经销商")
    reseller = messages.a_partner(name="云经销商", distributor_id=partner.id)
    manager = messages.an_account_manager(partner_id=partner.id)
    customer = messages.a_customer(
        account_name="l***",
        name="顶***",
        customer_type=customers_pb2.CUSTOMER_TYPE_ENTERPRISE,
        verification_status=customers_pb2.VERIFICATION_STATUS_VERIFIED,
        association_type=terms_pb2.ASSOCIATION_TYPE_ADVISORY,
        partner_id=partner.id,
        indirect_partner_id=reseller.id,
        account_manager_id=manager.id,
        tags=["重点"],
        email="a***@example.com",
        mobile="138****0000",
        country_code="86",
        freeze_state=customers_pb2.FREEZE_STATE_NONE,
        level=customers_pb2.CUSTOMER_LEVEL_V3,
        new_customer_tag={
            "value": customers_pb2.NEW_CUSTOMER_VALUE_YES,
            "effective_cycle": "2026-01",
        },
        external_id="e-1",
        external_platform="erp",
        month_to_date_spend=messages.money("0.5 CNY"),
        nearest_expire_time=messages.TIME,
        enterprise_role=customers_pb2.ENTERPRISE_ROLE_MASTER,
    )
    rpcs = Rpcs(
        ListCustomers=customers_pb2.ListCustomersResponse(customers=[customer]),
        BatchGetPartners=messages.found(
            partners_pb2.BatchGetPartnersResponse, "partners", [partner, reseller]
        ),
        BatchGetAccountManagers=messages.found(
            account_managers_pb2.BatchGetAccountManagersResponse, "account_managers", [manager]
        ),
    )

    shown = await ask(
        EVERYTHING,
        rpcs=rpcs,
    )

    assert shown.errors == []
    assert shown.data["customers"]["nodes"] == [SHOWN]


async def test_what_is_not_known_of_a_customer_is_null() -> None:
    shown = await ask(
        """{ customers { nodes {
          name customerType verificationStatus email freezeState level newCustomerTag { value }
          monthToDateSpend { amount } nearestExpireTime partner { name } accountManager { name }
        } } }""",
        rpcs=Rpcs(ListCustomers=messages.customers(1)),
    )

    assert shown.errors == []
    assert set(shown.data["customers"]["nodes"][0].values()) == {None}


async def test_revealing_names_the_customers_and_the_reason() -> None:
    customer = messages.a_customer(name="顶峰食品有限公司")
    rpcs = Rpcs(RevealCustomers=customers_pb2.RevealCustomersResponse(customers=[customer]))

    shown = await ask(
        """mutation ($input: RevealCustomersInput!) {
          revealCustomers(input: $input) { customers { name } userErrors { message } }
        }""",
        rpcs=rpcs,
        input={"requestId": "r", "customerIds": [customer.id], "reason": "call back"},
    )

    assert shown.data["revealCustomers"] == {
        "customers": [{"name": "顶峰食品有限公司"}],
        "userErrors": [],
    }
    assert rpcs.request("RevealCustomers") == customers_pb2.RevealCustomersRequest(
        request_id="r", customer_ids=[customer.id], reason="call back"
    )
