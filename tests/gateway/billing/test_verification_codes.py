"""Verification codes as clients ask for them and switch them."""

from partner.billing.v1 import verification_codes_pb2
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask

SETTINGS = verification_codes_pb2.VerificationSettings(
    enabled=True, email="m***@orchid.example", update_time=messages.TIME
)


async def test_a_code_is_asked_for() -> None:
    challenge = verification_codes_pb2.VerificationChallenge(
        id=messages.an_id("vch"),
        operation=verification_codes_pb2.VERIFICATION_OPERATION_WITHDRAW,
        channel=verification_codes_pb2.VERIFICATION_CHANNEL_SMS,
        recipient="139***5678",
        expire_time=messages.TIME,
        create_time=messages.TIME,
    )
    rpcs = Rpcs(RequestVerificationCode=challenge)

    shown = await ask(
        """mutation ($input: RequestVerificationCodeInput!) {
          requestVerificationCode(input: $input) {
            verificationChallenge { id operation channel recipient } userErrors { message }
          }
        }""",
        rpcs=rpcs,
        input={"requestId": "r", "operation": "WITHDRAW", "channel": "SMS"},
    )

    assert shown.data["requestVerificationCode"] == {
        "verificationChallenge": {
            "id": challenge.id,
            "operation": "WITHDRAW",
            "channel": "SMS",
            "recipient": "139***5678",
        },
        "userErrors": [],
    }
    request = rpcs.request("RequestVerificationCode")
    assert request.channel == verification_codes_pb2.VERIFICATION_CHANNEL_SMS


async def test_the_switch_is_turned_with_a_code() -> None:
    rpcs = Rpcs(SetVerification=SETTINGS)
    challenge_id = messages.an_id("vch")

    shown = await ask(
        """mutation ($input: SetVerificationInput!) {
          setVerification(input: $input) { verificationSettings { enabled email mobile } }
        }""",
        rpcs=rpcs,
        input={
            "requestId": "r",
            "enabled": True,
            "email": "money@orchid.example",
            "verification": {"challengeId": challenge_id, "code": "012345"},
        },
    )

    assert shown.data["setVerification"]["verificationSettings"] == {
        "enabled": True,
        "email": "m***@orchid.example",
        "mobile": None,
    }
    request = rpcs.request("SetVerification")
    assert (request.verification.challenge_id, request.verification.code) == (
        challenge_id,
        "012345",
    )
    assert not request.HasField("mobile")


async def test_the_settings_are_shown() -> None:
    rpcs = Rpcs(GetVerificationSettings=SETTINGS)

    shown = await ask("{ verificationSettings { enabled email } }", rpcs=rpcs)

    assert shown.data == {"verificationSettings": {"enabled": True, "email": "m***@orchid.example"}}
    assert list(rpcs.request("GetVerificationSettings").read_mask.paths) == ["enabled", "email"]
