"""The contract: fresh, in style, compatible, annotated, and its refusals all meant and tested."""

import filecmp
import importlib
import pkgutil
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Final

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import Descriptor, FileDescriptor

import services.kit
from partner.type.v1 import options_pb2
from services.kit.config import SERVICES
from services.kit.errors import DeadlineExceeded, Internal, Refusal, Unavailable
from tests.house.contracts import BIN, make_image, messages, proto_files, run
from tests.house.tree import PROTOS, ROOT

# Ids of others' making: of a request, of the cloud and of what the partner calls a customer.
FOREIGN_IDS: Final = re.compile(
    r"request_id|(parent_)?cloud_resource_ids?|product_ids?|(enterprise_)?project_id|external_id"
)
# Not the business says no but the machine fails: the canonical code says all.
FAULTS: Final = frozenset({Unavailable, DeadlineExceeded, Internal})
PREFIX: Final = "ERROR_REASON_"
SERVICE: Final = "// A service.\nservice S {\n  // Goes.\n"
MESSAGE: Final = "// A message.\nmessage M {}"


def test_the_generated_code_is_fresh(tmp_path: Path) -> None:
    run("bash", str(PROTOS / "generate.sh"), str(tmp_path))

    fresh, kept = (_sources(folder / "partner") for folder in (tmp_path, PROTOS / "gen"))
    _, different, missing = filecmp.cmpfiles(
        tmp_path / "partner", PROTOS / "gen/partner", fresh, shallow=False
    )

    assert fresh == kept
    assert not different, "run `make protos`"
    assert not missing


def test_buf_finds_nothing_to_say(tmp_path: Path) -> None:
    image = make_image(PROTOS, tmp_path / "image.binpb")

    assert _lint(image) == ""


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ("message Undocumented {}", "COMMENT_MESSAGE"),
        (
            "// A message.\nmessage M {\n  // Text.\n  string aText = 1;\n}",
            "FIELD_LOWER_SNAKE_CASE",
        ),
        ("// Kinds.\nenum Kind {\n  // One.\n  ONE = 0;\n}", "ENUM_VALUE_PREFIX"),
        (f"{SERVICE}  rpc Go(M) returns (stream M);\n}}\n{MESSAGE}", "RPC_NO_SERVER_STREAMING"),
    ],
)
def test_buf_would_find_a_violation(tmp_path: Path, planted: str, rule: str) -> None:
    copy = _copy_with(tmp_path, planted)

    assert rule in _lint(make_image(copy, tmp_path / "image.binpb"))


def test_the_contract_is_compatible_with_what_main_promised(tmp_path: Path) -> None:
    before = _checked_out(tmp_path / "before")
    if before is None:
        pytest.skip("there is no main to compare with")
    promised = make_image(before, tmp_path / "before.binpb")
    image = make_image(PROTOS, tmp_path / "image.binpb")

    assert _breaking(image, against=promised) == ""


def test_buf_would_find_a_field_that_is_gone(tmp_path: Path) -> None:
    copy = _copy_with(tmp_path, "")
    proto = copy / "partner/type/v1/money.proto"
    text = proto.read_text(encoding="utf-8")
    proto.write_text(text.replace("  string currency_code = 2;\n", ""), encoding="utf-8")

    promised = make_image(PROTOS, tmp_path / "before.binpb")
    image = make_image(copy, tmp_path / "image.binpb")

    assert "currency_code" in _breaking(image, against=promised)


def test_every_method_says_who_may_enter_and_every_id_what_it_names() -> None:
    assert unannotated(proto_files()) == []


def test_a_method_and_an_id_without_annotation_would_be_found(tmp_path: Path) -> None:
    planted = (
        f"{SERVICE}  rpc Go(M) returns (M);\n}}\n"
        "// A message.\nmessage M {\n  // Ids.\n  repeated string voucher_ids = 1;\n"
        "  // Inner.\n  message N {\n    // Id.\n    string id = 1;\n  }\n}"
    )
    copy = _copy_with(tmp_path, planted)
    image = make_image(copy, tmp_path / "image.binpb")

    found = unannotated(_load(image))

    assert found == [
        "partner.planted.v1.S.Go has no scope",
        "partner.planted.v1.M.voucher_ids has no resource",
        "partner.planted.v1.M.N.id has no resource",
    ]


def test_writes_have_a_request_id_first() -> None:
    wrong = [
        message.full_name
        for message in messages()
        if (field := message.fields_by_name.get("request_id")) is not None and field.number != 1
    ]

    assert not wrong


def test_every_enum_counts_from_unspecified() -> None:
    wrong = [
        enum.full_name
        for file in proto_files()
        for enum in file.enum_types_by_name.values()
        if not enum.values_by_number[0].name.endswith("_UNSPECIFIED")
    ]

    assert not wrong


@pytest.mark.parametrize("service", SERVICES)
def test_refusals_and_reasons_are_the_same(service: str) -> None:
    errors = importlib.import_module(f"partner.{service}.v1.errors_pb2")
    reasons = {name.removeprefix(PREFIX) for name in dict(errors.ErrorReason.items())} - {
        "UNSPECIFIED"
    }

    raised = {_reason(refusal) for refusal in (*_of_the_kit(), *_of_the_service(service))}

    assert raised == reasons


def test_refusals_have_a_canonical_code() -> None:
    refusals: list[type[Refusal]] = [*_of_the_kit(), *FAULTS]
    refusals += [refusal for service in SERVICES for refusal in _of_the_service(service)]

    assert {refusal.code for refusal in refusals} <= set(grpc.StatusCode.__members__)


@pytest.mark.parametrize("service", SERVICES)
def test_every_refusal_of_a_service_is_reached_by_a_test(service: str) -> None:
    tests = _texts(ROOT / "tests/services" / service) + _texts(ROOT / "tests/journeys")

    assert _unreached(_of_the_service(service), tests) == []


def test_every_refusal_of_the_kit_is_reached_by_a_test() -> None:
    tests = _texts(ROOT / "tests/services")

    assert _unreached({*_of_the_kit(), *FAULTS}, tests) == []


def unannotated(files: Iterable[FileDescriptor]) -> list[str]:
    """Find methods without a scope and ids without a resource."""
    found = []
    for file in files:
        for service in file.services_by_name.values():
            found += [
                f"{method.full_name} has no scope"
                for method in service.methods
                if not method.GetOptions().Extensions[options_pb2.scope]
            ]
        for message in file.message_types_by_name.values():
            found += _unannotated_ids(message)
    return found


def _unannotated_ids(message: Descriptor) -> list[str]:
    found = [
        f"{field.full_name} has no resource"
        for field in message.fields
        if field.type == field.TYPE_STRING
        and re.search(r"(^|_)ids?$", field.name)
        and FOREIGN_IDS.fullmatch(field.name) is None
        and not field.GetOptions().Extensions[options_pb2.resource]
    ]
    return found + [one for inner in message.nested_types for one in _unannotated_ids(inner)]


def _sources(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix in {".py", ".pyi", ".json"}
    )


def _lint(image: Path) -> str:
    options = ("--config", str(PROTOS / "buf.yaml"), "--path", "partner", "--error-format", "json")
    return run(str(BIN / "buf"), "lint", str(image), *options, check=False).stdout


def _breaking(image: Path, *, against: Path) -> str:
    config = ("--config", str(PROTOS / "buf.yaml"), "--exclude-imports")
    command = (str(BIN / "buf"), "breaking", str(image), "--against", str(against), *config)
    return run(*command, check=False).stdout


def _copy_with(tmp_path: Path, planted: str) -> Path:
    """Copy the contract and plant a file in it."""
    copy = tmp_path / "protos"
    shutil.copytree(PROTOS / "partner", copy / "partner")
    if planted:
        folder = copy / "partner/planted/v1"
        folder.mkdir(parents=True)
        head = 'syntax = "proto3";\n\npackage partner.planted.v1;\n\n'
        (folder / "planted.proto").write_text(f"{head}{planted}\n", encoding="utf-8")
    return copy


def _checked_out(folder: Path) -> Path | None:
    """Give the contract as it stands on main, or None where there is none."""
    for branch in ("origin/main", "main"):
        listed = run("git", "ls-tree", "-r", "--name-only", branch, "protos/partner", check=False)
        if listed.returncode == 0 and listed.stdout:
            folder.mkdir()
            archive = folder / "protos.zip"
            run("git", "archive", f"--output={archive}", branch, "protos/partner")
            shutil.unpack_archive(archive, folder)
            return folder / "protos"
    return None


def _load(image: Path) -> list[FileDescriptor]:
    """Read an image's planted file through a pool of its own."""
    files = descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return [pool.FindFileByName("partner/planted/v1/planted.proto")]


def _reason(refusal: type[Refusal]) -> str:
    return refusal.__new__(refusal).reason


def _of_the_kit() -> set[type[Refusal]]:
    walked = pkgutil.walk_packages(services.kit.__path__, "services.kit.")
    return _refusals([importlib.import_module(one.name) for one in walked]) - FAULTS


def _of_the_service(service: str) -> set[type[Refusal]]:
    package = importlib.import_module(f"services.{service}")
    walked = pkgutil.walk_packages(package.__path__, f"services.{service}.")
    names = [one.name for one in walked if ".migrations" not in one.name]
    return _refusals([importlib.import_module(name) for name in names])


def _refusals(modules: Iterable[ModuleType]) -> set[type[Refusal]]:
    """Find the refusals that these modules themselves define and callers may see."""
    return {
        value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Refusal)
        and value is not Refusal
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }


def _texts(folder: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("test_*.py"))


def _unreached(refusals: Iterable[type[Refusal]], tests: str) -> list[str]:
    """Find refusals that no test names, neither by class nor by reason."""
    return sorted(
        refusal.__name__
        for refusal in refusals
        if not re.search(rf"\b({refusal.__name__}|{_reason(refusal)})\b", tests)
    )
