"""moto and botocore made to remember and to do less: the same answers from a third of the memory, and sooner.

An endpoint table of 25 MB is read for each session that asks which regions there are, the offers of instance types of
thirty regions are held though a lab answers for one, and every service model carries its manual. This keeps the regions
alone, reads offers when a region is asked for, and leaves the manual on the disk. And moto remembers every object it
ever made for a dashboard nobody has here, so that what is deleted or forgotten is never gone; these are let go. It also
looks through a whole class for its methods at each call, respells the action's name, and draws each letter of a
request's id by itself.
"""

from __future__ import annotations

import functools
import gzip
import json
import re
from pathlib import Path
from typing import Any

import boto3
import moto.core.common_models
import moto.core.loaders
import moto.core.responses
import moto.utilities.utils
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import JSONFileLoader, Loader
from botocore.regions import EndpointResolver
from moto.core.serialize import BaseXMLSerializer, ResponseSerializer
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.moto_api._internal import mock_random

from awslab.faces import answering

OFFERS = "ec2/resources/instance_type_offerings"
PREFIX = re.compile(rb'"endpointPrefix"\s*:\s*"([^"]+)"')
HEAD_BYTES = 65_536  # a model's metadata come first

_load_resource = moto.utilities.utils.load_resource


class OffersByRegion(dict):
    """Region to the instance types offered there, read when first asked for."""

    def __init__(self, location_type: str) -> None:
        super().__init__()
        self._location_type = location_type

    def __missing__(self, region: str) -> list[dict[str, str]]:
        found = _load_resource(f"{OFFERS}/{self._location_type}/{region}.json")
        self[region] = [{**offer, "LocationType": self._location_type} for offer in found]
        return self[region]

    def get(self, region: str, default: Any = None) -> Any:
        """As `dict.get`, of all regions there are."""
        try:
            return self[region]
        except FileNotFoundError:
            return default


class _WithoutManual(JSONFileLoader):
    """Reads models without their documentation."""

    def _load_file(self, full_path: str, open_method: Any) -> Any:
        if not Path(full_path).is_file():
            return None
        with open_method(full_path, "rb") as file:
            return json.load(file, object_hook=_lean)


def _lean(shape: dict[str, Any]) -> dict[str, Any]:
    if isinstance(shape.get("documentation"), str):  # a member of that name is a dict
        del shape["documentation"]
    return shape


@functools.cache
def _resolver() -> EndpointResolver:
    endpoints = Loader().load_data("endpoints")
    for partition in endpoints["partitions"]:
        for service in partition["services"].values():
            service["endpoints"] = {name: {} for name in service.get("endpoints", {})}
    kept = ("partition", "regions", "services", "regionRegex", "dnsSuffix")
    slim = [{name: partition[name] for name in kept} for partition in endpoints["partitions"]]
    return EndpointResolver({**endpoints, "partitions": slim})


@functools.cache
def _endpoint_prefix(service: str) -> str:
    """A service's name in the endpoint table; the service's own where its model names none."""
    loader = Loader()
    version = loader.determine_latest_version(service, "service-2")
    for root in loader.search_paths:
        model = Path(root) / service / version / "service-2.json"
        for path, opened in ((model, open), (model.with_suffix(".json.gz"), gzip.open)):
            if path.is_file():
                with opened(path, "rb") as file:
                    found = PREFIX.search(file.read(HEAD_BYTES))
                return found.group(1).decode() if found else service
    raise UnknownServiceError(service_name=service, known_service_names="")


def available_regions(
    _session: boto3.Session, service_name: str, partition_name: str = "aws", allow_non_regional: bool = False
) -> list[str]:
    """What `boto3.Session.get_available_regions` answers, from a table of a fiftieth of the size."""
    try:
        prefix = _endpoint_prefix(service_name)
    except DataNotFoundError:
        return []
    return _resolver().get_available_endpoints(prefix, partition_name, allow_non_regional)


def available_partitions(_session: boto3.Session) -> list[str]:
    """What `boto3.Session.get_available_partitions` answers."""
    return _resolver().get_available_partitions()


def _load_resource_but_offers(resource: str) -> Any:
    return [] if resource.startswith(OFFERS) else _load_resource(resource)


def _untracked(cls: type, *_arguments: object, **_named: object) -> object:
    """As `BaseModel.__new__`, but remembered by nobody."""
    return object.__new__(cls)


def _request_id(headers: dict[str, str]) -> str:
    """A UUID, as AWS's request ids are, instead of moto's 52 letters."""
    headers["x-amzn-requestid"] = str(mock_random.uuid4())
    return headers["x-amzn-requestid"]


def slim() -> None:
    """Change moto and boto3 in this process; before moto's services are imported."""
    moto.core.common_models.BaseModel.__new__ = _untracked
    moto.core.responses.method_names_from_class = functools.cache(method_names_from_class)
    moto.core.responses.camelcase_to_underscores = functools.lru_cache(1024)(camelcase_to_underscores)
    moto.core.responses.gen_amzn_requestid_long = _request_id
    ResponseSerializer.get_value = answering.get_value
    BaseXMLSerializer._serialize_body = answering.xml
    moto.core.loaders.Loader.FILE_LOADER_CLASS = _WithoutManual
    boto3.Session.get_available_regions = available_regions
    boto3.Session.get_available_partitions = available_partitions
    moto.utilities.utils.load_resource = _load_resource_but_offers
    from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS

    moto.utilities.utils.load_resource = _load_resource
    for location_type in INSTANCE_TYPE_OFFERINGS:
        INSTANCE_TYPE_OFFERINGS[location_type] = OffersByRegion(location_type)
