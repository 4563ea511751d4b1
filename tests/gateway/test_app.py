"""The application is put together as its settings say."""

from gateway.app import executor_for
from gateway.engine.executor import Engine
from gateway.engine.reference import ReferenceExecutor
from gateway.settings import Execution, Settings
from tests.gateway.http.small_schema import schema


def test_the_reference_executor_runs_where_the_settings_name_it() -> None:
    settings = Settings(oidc_issuer="https://login.example.test", executor=Execution.REFERENCE)

    assert isinstance(executor_for(settings, schema), ReferenceExecutor)


def test_plans_are_run_where_the_settings_name_nothing() -> None:
    settings = Settings(oidc_issuer="https://login.example.test")

    assert isinstance(executor_for(settings, schema), Engine)
