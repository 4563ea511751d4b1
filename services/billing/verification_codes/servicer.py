"""Answers VerificationCodeService."""

from partner.billing.v1 import verification_codes_pb2, verification_codes_pb2_grpc
from services.billing.verification_codes import operations, queries
from services.billing.verification_codes.messages import (
    CHALLENGE,
    CHANNELS,
    OPERATIONS,
    SETTINGS,
    to_answer,
)
from services.billing.verification_codes.senders import Sender
from services.kit import wire
from services.kit.database import Database
from services.kit.errors import InvalidArgument
from services.kit.identity import Role
from services.kit.paging import PageTokens
from services.kit.rpc import Call, Servicer, read, write


class VerificationCodeServicer(
    Servicer, verification_codes_pb2_grpc.VerificationCodeServiceServicer
):
    def __init__(self, database: Database, pages: PageTokens, *, sender: Sender) -> None:
        super().__init__(database, pages)
        self._sender = sender

    @write(Role.ADMINISTRATOR, Role.FINANCE)
    async def RequestVerificationCode(
        self, request: verification_codes_pb2.RequestVerificationCodeRequest, call: Call
    ) -> verification_codes_pb2.VerificationChallenge:
        channel = CHANNELS.required_word(request.channel, field="channel")
        if channel not in self._sender.channels:
            raise InvalidArgument("nothing can be sent this way here", field="channel")
        challenge = await operations.request_verification_code(
            call.session,
            principal=call.principal,
            operation=OPERATIONS.required_word(request.operation, field="operation"),
            channel=channel,
            now=call.now,
        )
        return CHALLENGE.everything.message_of(challenge, now=call.now)

    @read(Role.ADMINISTRATOR, Role.FINANCE)
    async def GetVerificationSettings(
        self, request: verification_codes_pb2.GetVerificationSettingsRequest, call: Call
    ) -> verification_codes_pb2.VerificationSettings:
        chosen = SETTINGS.chosen(request.read_mask)
        row = await queries.get_settings_row(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            # A principal of these roles has a partner.
            partner_id=call.scope.own_partner_id or call.scope.tenant_id,
        )
        # A partner that never said anything has it switched off.
        return (
            verification_codes_pb2.VerificationSettings()
            if row is None
            else chosen.message(row, now=call.now)
        )

    @write(Role.ADMINISTRATOR)
    async def SetVerification(
        self, request: verification_codes_pb2.SetVerificationRequest, call: Call
    ) -> verification_codes_pb2.VerificationSettings:
        settings = await operations.set_verification(
            call.session,
            principal=call.principal,
            is_enabled=request.enabled,
            email=wire.to_text(request, "email"),
            mobile=wire.to_text(request, "mobile"),
            **to_answer(request),
            now=call.now,
        )
        return SETTINGS.everything.message_of(settings, now=call.now)
