"""Challenges and settings are seen inside one's scope only."""

from partner.billing.v1 import verification_codes_pb2
from services.billing.verification_codes import queries
from services.kit import ids
from services.kit.ids import new_id
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService
from tests.builders.verification import a_switch, ask_for_code


async def test_a_challenge_is_found_by_its_own_partner_alone(billing: RunningService) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    reseller = an_administrator(tenant, partner_id=reseller_id)
    await billing.call(a_switch(), principal=reseller)
    challenge = await ask_for_code(billing, reseller)
    wanted = ids.from_text("vch", challenge.id, field="id")

    found = []
    for principal in (
        reseller,
        an_administrator(tenant, partner_id=new_id()),
        an_administrator(a_tenant()),
    ):
        async with billing.database.transaction(principal) as session:
            one = await queries.get_for_update(session, scope=principal.scope, challenge_id=wanted)
        found.append(one is not None)

    assert found == [True, False, False]


async def test_settings_are_each_partners_own(billing: RunningService) -> None:
    tenant = a_tenant()
    await billing.call(a_switch(enabled=True), principal=an_administrator(tenant))
    request = verification_codes_pb2.GetVerificationSettingsRequest()

    own = await billing.call(request, principal=an_administrator(tenant))
    of_reseller = await billing.call(
        request, principal=an_administrator(tenant, partner_id=new_id())
    )

    assert own.enabled
    assert of_reseller == verification_codes_pb2.VerificationSettings()
