"""Keeps parsed and validated documents by their text, for every way to name one."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    MaxIntrospectionDepthRule,
    Node,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    Token,
    TokenKind,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import ASTValidationRule
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from gateway.http.errors import Refused
from gateway.http.limits import Price, Pricing
from gateway.http.requests import GraphQLRequest
from gateway.http.wrong_values import name_arguments
from gateway.settings import Limits
from services.kit.config import SettingsRefused

VALIDATION_ERRORS_MAX = 20


@dataclass(frozen=True)
class Document:
    """A validated text. What an executor derives from it (a compiled plan) is kept with it."""

    text: str
    sha256: str
    node: DocumentNode
    pricing: Pricing
    derived: dict[object, Any] = field(default_factory=dict)
    # Operations by the names that requests brought; none stands for the only one.
    chosen: dict[str | None, OperationDefinitionNode] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """The operation of a document that a request asks for, and what it costs at most."""

    document: Document
    node: OperationDefinitionNode
    price: Price

    @property
    def name(self) -> str | None:
        return self.node.name.value if self.node.name else None

    @property
    def selections(self) -> int:
        return self.price.selections


class Documents:
    """The cache, the automatic persisted queries and the trusted documents: all one store."""

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        limits: Limits,
        hides_the_schema: bool = True,
        trusted: Mapping[str, str] | None = None,
        trusted_only: bool = False,
    ) -> None:
        self.schema = schema
        self.limits = limits
        self.hides_the_schema = hides_the_schema
        self.trusted = dict(trusted or {})
        self.trusted_only = trusted_only
        self._trusted_hashes = {sha256_of(text) for text in self.trusted.values()}
        # By the text itself, which is found faster than it is hashed; hashes name texts.
        self._known: OrderedDict[str, Document] = OrderedDict()
        self._texts: dict[str, str] = {}
        self._characters = 0
        self._rules: list[type[ASTValidationRule]] = [
            *specified_rules,
            MaxIntrospectionDepthRule,
            MaybeNullValidationRule,
            OneOfInputValidationRule,
        ]
        if hides_the_schema:
            self._rules.append(NoSchemaIntrospectionCustomRule)

    def operation(self, request: GraphQLRequest) -> Operation:
        """Find or make the document, choose its operation, and hold it against the limits.

        :raises Refused: coded, with what the parser or the validator found.
        """
        text = self._text(request)
        if (document := self._known.get(text)) is not None:
            self._known.move_to_end(text)
            node = document.chosen.get(request.operation_name)
            if node is None:
                node = _choose(document.node, name=request.operation_name)
                document.chosen[request.operation_name] = node
            price = document.pricing.price(node, variables=request.variables)
            return Operation(document=document, node=node, price=price)
        parsed = self._parse(text)
        node = _choose(parsed, name=request.operation_name)
        pricing = Pricing(document=parsed, schema=self.schema, limits=self.limits)
        # Before validation: its rules walk fragments again and again.
        price = pricing.price(node, variables=request.variables)
        self._validate(parsed)
        _forget_tokens(parsed)
        document = Document(text=text, sha256=sha256_of(text), node=parsed, pricing=pricing)
        self._keep(document)
        return Operation(document=document, node=node, price=price)

    def known(self) -> list[Document]:
        """Give the documents of the cache, the one used last at the end."""
        return list(self._known.values())

    def _text(self, request: GraphQLRequest) -> str:
        """Give the text, whether the request brings it or names it."""
        named = request.document_id
        if named is None:
            if request.query is None:
                raise Refused("BAD_REQUEST", "The request names no query.")
            if self.trusted_only:
                self._refuse_untrusted(sha256_of(request.query))
            return request.query
        if (trusted := self.trusted.get(named)) is not None:
            return trusted
        if request.query is None:
            if (known := self._texts.get(named)) is None:
                raise Refused("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
            self._refuse_untrusted(named)
            return known
        sha256 = sha256_of(request.query)
        if named != sha256:
            raise Refused("BAD_REQUEST", "The sha256Hash is not that of the query.")
        self._refuse_untrusted(sha256)
        return request.query

    def _refuse_untrusted(self, sha256: str) -> None:
        if self.trusted_only and sha256 not in self._trusted_hashes:
            raise Refused("DOCUMENT_NOT_TRUSTED", "Only trusted documents are executed here.")

    def _parse(self, text: str) -> DocumentNode:
        try:
            return parse(
                text, max_lexical_tokens=self.limits.tokens, max_comments=self.limits.tokens
            )
        except GraphQLSyntaxError as error:
            if "Parsing aborted" not in error.message:
                raise Refused.because_of("GRAPHQL_PARSE_FAILED", [error]) from None
            # The parser has no other sign for having given up on a size.
            raise Refused(
                "LIMIT_EXCEEDED", error.message, limit="tokens", maximum=self.limits.tokens
            ) from None
        except GraphQLError as error:
            raise Refused.because_of("GRAPHQL_PARSE_FAILED", [error]) from None

    def _validate(self, document: DocumentNode) -> None:
        errors = validate(
            self.schema,
            document,
            self._rules,
            max_errors=VALIDATION_ERRORS_MAX,
            hide_suggestions=self.hides_the_schema,
        )
        if errors:
            name_arguments(errors, document=document)
            raise Refused.because_of("GRAPHQL_VALIDATION_FAILED", errors)

    def _keep(self, document: Document) -> None:
        self._known[document.text] = document
        self._texts[document.sha256] = document.text
        self._characters += len(document.text)
        while (
            len(self._known) > self.limits.documents
            or self._characters > self.limits.documents_characters
        ):
            _, oldest = self._known.popitem(last=False)
            del self._texts[oldest.sha256]
            self._characters -= len(oldest.text)


_NO_TOKEN: Final = Token(TokenKind.SOF, 0, 0, 0, 0)


def _forget_tokens(document: DocumentNode) -> None:
    """Halve what a document holds, and let it go at once when it leaves the cache.

    Each token knows the next and the one before: only the collector would free them, which in
    this process hardly ever looks at what is old. Nodes go on knowing where they stand.
    """
    token = document.loc.start_token if document.loc is not None else None
    while token is not None:
        token.prev, token.next, token = None, None, token.next
    waiting: list[Any] = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Node):
            if node.loc is not None:
                node.loc.start_token = node.loc.end_token = _NO_TOKEN
            waiting.extend([getattr(node, key) for key in node.keys])
        elif isinstance(node, tuple | list):
            waiting.extend(node)


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read_trusted_documents(path: Path) -> dict[str, str]:
    """Read a manifest as graphql-codegen, relay-compiler or Apollo's generator wrote it.

    :raises SettingsRefused: when the file is none of these.
    """
    try:
        manifest = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsRefused(f"TRUSTED_DOCUMENTS cannot be read: {error}.") from error
    if isinstance(manifest, dict) and isinstance(manifest.get("operations"), list):
        operations = manifest["operations"]
        manifest = {each.get("id"): each.get("body") for each in operations}
    if not isinstance(manifest, dict) or not all(
        isinstance(key, str) and isinstance(text, str) for key, text in manifest.items()
    ):
        raise SettingsRefused("TRUSTED_DOCUMENTS must map ids to the texts of operations.")
    return manifest


def _choose(document: DocumentNode, *, name: str | None) -> OperationDefinitionNode:
    operations = [
        each for each in document.definitions if isinstance(each, OperationDefinitionNode)
    ]
    if name is not None:
        for operation in operations:
            if operation.name and operation.name.value == name:
                return operation
        raise Refused("OPERATION_RESOLUTION_FAILURE", f'Unknown operation named "{name}".')
    if len(operations) != 1:
        raise Refused(
            "OPERATION_RESOLUTION_FAILURE",
            "Must provide operation name if query contains multiple operations."
            if operations
            else "The document contains no operation.",
        )
    return operations[0]
