"""Remembering less changes no answer."""

import gc
import subprocess
import sys
import uuid
import weakref

import botocore.session
import pytest
from botocore.loaders import Loader
from moto.core.loaders import create_loader
from moto.ec2.models import ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS

from awslab.faces import frugal
from awslab.faces.inventory import ACCOUNT_ID
from awslab.lab import Lab

SERVICES = ("ec2", "elbv2", "ecs", "ecr", "iam", "logs", "monitoring", "application-autoscaling", "no-such-service")


def documented(model):
    """Every place in a model that still carries its manual."""
    if isinstance(model, dict):
        return isinstance(model.get("documentation"), str) or any(map(documented, model.values()))
    return isinstance(model, list) and any(map(documented, model))


def test_the_regions_are_botocores_own():
    session = botocore.session.get_session()
    assert frugal.available_partitions(None) == session.get_available_partitions()
    for service in SERVICES:
        for partition in ("aws", "aws-cn", "aws-us-gov"):
            wanted = session.get_available_regions(service, partition)
            assert frugal.available_regions(None, service, partition) == wanted, (service, partition)


def test_a_model_loses_its_manual_and_no_shape():
    lean, whole = (loader.load_service_model("ecs", "service-2") for loader in (create_loader(), Loader()))
    assert not documented(lean) and documented(whole)
    assert lean["shapes"].keys() == whole["shapes"].keys() and lean["operations"].keys() == whole["operations"].keys()
    for name, shape in whole["shapes"].items():
        assert lean["shapes"][name].get("members", {}).keys() == shape.get("members", {}).keys(), name


def test_offers_are_read_when_a_region_is_asked_for():
    offers = INSTANCE_TYPE_OFFERINGS["availability-zone"]
    offer = next(o for o in offers["eu-west-1"] if o["InstanceType"] == "t3.small")
    assert offer["Location"].startswith("eu-west-1") and offer["LocationType"] == "availability-zone"
    assert offers.get("no-such-region", []) == []
    with pytest.raises(FileNotFoundError):
        offers["no-such-region"]


@pytest.mark.parametrize("first", ["awslab.server", "awslab.faults", "awslab.faces.amis"])
def test_whatever_is_imported_first_moto_takes_the_time_from_the_lab(first):
    program = f"import {first}, moto.ec2.models.instances as moto; print(moto.utcnow.__module__)"
    asked = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert asked.stdout.strip() == "awslab.faces.inventory"


@pytest.mark.parametrize(
    ("service", "call"),
    [("ecs", "list_clusters"), ("codedeploy", "list_applications"), ("autoscaling", "describe_auto_scaling_groups")],
)
def test_a_request_has_one_id(monkeypatch, service, call):
    lab, handle, sent = Lab(), Lab.handle, []

    def overheard(*asked):
        answer = handle(*asked)
        sent.extend(name.lower() for name in answer[1])
        return answer

    monkeypatch.setattr(Lab, "handle", overheard)
    told = getattr(lab.client(service), call)()["ResponseMetadata"]["RequestId"]
    assert str(uuid.UUID(told)) == told and sent.count("x-amzn-requestid") == 1
    lab.close()


def test_what_moto_has_deleted_is_gone():
    lab = Lab()
    ec2 = lab.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    held = weakref.ref(ec2_backends[ACCOUNT_ID]["us-east-1"].vpcs[vpc_id])
    ec2.delete_vpc(VpcId=vpc_id)
    gc.collect()
    assert held() is None
    lab.close()
