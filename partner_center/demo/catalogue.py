"""What the demo's customers run: services with their units, prices and regions."""

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Final


@dataclass(frozen=True)
class Product:
    """One kind of resource as it is sold; `price` is for one unit, `monthly` for a period."""

    service: str
    category: str
    resource_type: str
    specification: str
    product_id: str
    unit: str
    price: Decimal
    monthly: Decimal | None


PRODUCTS: Final = (
    Product(
        "Elastic Cloud Server", "Compute", "Virtual machine", "s7.xlarge.2.linux",
        "ecs-s7x2", "Hours", Decimal("0.1285"), Decimal("68.40"),
    ),
    Product(
        "Elastic Volume Service", "Storage", "Volume", "ssd.200",
        "evs-ssd", "GB-Hours", Decimal("0.00013"), Decimal("17.60"),
    ),
    Product(
        "Object Storage Service", "Storage", "Bucket", "standard",
        "obs-std", "GB-Months", Decimal("0.0199"), None,
    ),
    Product(
        "Relational Database Service", "Databases", "Database", "pg.large.4",
        "rds-pg4", "Hours", Decimal("0.2170"), Decimal("131.00"),
    ),
    Product(
        "Elastic Load Balance", "Networking", "Load balancer", "shared",
        "elb-shared", "LCU-Hours", Decimal("0.0068"), None,
    ),
    Product(
        "Content Delivery Network", "Networking", "Domain", "mainland",
        "cdn-main", "GB", Decimal("0.0310"), None,
    ),
    Product(
        "Function Service", "Compute", "Function", "512mb",
        "fgs-512", "Requests", Decimal("0.0000002"), None,
    ),
    Product(
        "Cloud Backup and Recovery", "Storage", "Vault", "server",
        "cbr-srv", "GB-Months", Decimal("0.0290"), Decimal("9.90"),
    ),
)  # fmt: skip
REGIONS: Final = (("cn-south-1", "Guangzhou"), ("cn-north-4", "Beijing"), ("eu-west-1", "Dublin"))


@dataclass(frozen=True)
class DemoResource:
    """A resource of one customer."""

    cloud_resource_id: str
    name: str
    product: Product
    region_code: str
    region_name: str
    by_period: bool


def resources_of(external_id: str) -> list[DemoResource]:
    """Give the six resources of a customer, the same each time."""
    draw = Random(external_id)  # noqa: S311 - sample data, the same each time
    region_code, region_name = draw.choice(REGIONS)
    return [
        DemoResource(
            cloud_resource_id=f"{draw.getrandbits(64):016x}{draw.getrandbits(64):016x}",
            name=f"{product.product_id}-{number + 1}",
            product=product,
            region_code=region_code,
            region_name=region_name,
            by_period=product.monthly is not None and number % 2 == 0,
        )
        for number, product in enumerate(draw.sample(PRODUCTS, 6))
    ]
