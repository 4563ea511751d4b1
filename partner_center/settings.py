"""What one installation on this machine consists of: folder, ports, keys, databases."""

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from partner_center.keys import Keys
from partner_center.postgres import HOST, free_port, write_secret
from services.kit.config import DEFAULT_ADDRESSES, SERVICES


class Unusable(Exception):
    """The installation can not be started, or is not running; the message says what to do."""


@dataclass(frozen=True)
class Settings:
    """Where everything of a running installation is found.

    `addresses` are the services' gRPC targets, `metrics` their Prometheus pages.
    """

    data_dir: Path
    gateway: str
    addresses: Mapping[str, str]
    metrics: Mapping[str, str]

    @property
    def keys(self) -> Keys:
        return Keys(self.data_dir / "keys")

    @property
    def demo_marker(self) -> Path:
        """Written by the demo when it is complete; holds its identities."""
        return self.data_dir / "demo.json"

    @property
    def url(self) -> str:
        return f"http://{self.gateway}"

    @classmethod
    def chosen(cls, data_dir: Path, *, port: int, environment: Mapping[str, str]) -> Self:
        """Choose addresses: what the environment names, else the known ports, else free ones.

        :raises Unusable: the gateway's port is taken
        """
        if port and not _is_free(port):
            raise Unusable(f"port {port} is taken; choose another one, as in `make run PORT=8001`")
        addresses = {
            service: _listen(
                environment.get(f"{service.upper()}_LISTEN", ""), wanted=DEFAULT_ADDRESSES[service]
            )
            for service in SERVICES
        }
        return cls(
            data_dir=data_dir.absolute(),
            gateway=f"{HOST}:{port or free_port()}",
            addresses=addresses,
            metrics={
                service: _listen(
                    environment.get(f"{service.upper()}_METRICS_LISTEN", ""), wanted=""
                )
                for service in SERVICES
            },
        )

    @classmethod
    def running(cls, data_dir: Path, *, environment: Mapping[str, str]) -> Self:
        """Find the installation of this folder, or the one whose services the environment names.

        :raises Unusable: there is none
        """
        addresses = {service: environment.get(f"{service.upper()}_ADDRESS") for service in SERVICES}
        named = {service: address for service, address in addresses.items() if address}
        if len(named) == len(SERVICES):
            gateway = environment.get("GATEWAY_LISTEN") or f"{HOST}:8000"
            return cls(data_dir.absolute(), gateway=gateway, addresses=named, metrics={})
        try:
            found: dict[str, Any] = json.loads(_running_file(data_dir).read_text())
        except FileNotFoundError:
            found = {"pid": "none"}
        if not Path(f"/proc/{found.pop('pid')}").exists():
            raise Unusable(f"nothing runs in {data_dir}; start it with `make run`")
        return cls(data_dir.absolute(), **found)

    def announce(self) -> None:
        """Let other commands find this installation."""
        text = {
            "pid": os.getpid(),
            "gateway": self.gateway,
            "addresses": dict(self.addresses),
            "metrics": dict(self.metrics),
        }
        self.withdraw()
        write_secret(_running_file(self.data_dir), json.dumps(text, indent=2))

    def withdraw(self) -> None:
        _running_file(self.data_dir).unlink(missing_ok=True)


def _running_file(data_dir: Path) -> Path:
    return data_dir / "running.json"


def _listen(given: str, *, wanted: str) -> str:
    host, _, port = given.rpartition(":")
    if given and port != "0":
        return given
    if not given and wanted and _is_free(int(wanted.rpartition(":")[2])):
        return wanted
    return f"{host or HOST}:{free_port()}"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port whose last connections are fading away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
