"""What is written in less time is what moto would have written."""

import moto.core.serialize as serialize
import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st
from moto.core.utils import get_service_model

from awslab.faces import answering

LEAVES = st.none() | st.booleans() | st.integers() | st.text("<>&\"' aé]") | st.just(b"bytes") | st.floats(0, 1)
NAMES = st.sampled_from(["Name", "member", "Tags"])


@st.composite
def elements(draw, depth=3):
    """What serialisers make: attributes and text are plain, members anything."""
    made = {name: draw(st.text("<&\"' a")) for name in draw(st.sets(st.sampled_from(["@xmlns", "@a"])))}
    for name in draw(st.sets(NAMES)):
        inner = elements(depth - 1) if depth else LEAVES
        made[name] = draw(LEAVES | st.lists(inner | LEAVES, max_size=3) | inner)
    return made


@given(elements())
def test_xml_is_the_same(body):
    theirs = xmltodict.unparse({"Response": body}, full_document=False, short_empty_elements=True)
    assert answering.xml(None, {"Response": body}) == theirs


def members(service, operation):
    model = get_service_model(service).operation_model(operation)
    todo, seen = [model.output_shape], []
    while todo:
        shape = todo.pop()
        if shape.type_name == "structure":
            for key, member in shape.members.items():
                member.parent = shape
                seen.append((key, member))
                todo.append(member)
        elif shape.type_name == "list":
            todo.append(shape.member)
    return model, seen


CALLS = [
    ("autoscaling", "DescribeAutoScalingGroups"),
    ("elbv2", "DescribeTargetHealth"),
    ("ecs", "DescribeClusters"),
]


@pytest.mark.parametrize(("service", "operation"), CALLS)
def test_a_member_is_found_under_each_name_moto_knows(service, operation):
    model, seen = members(service, operation)
    serializer = writer_of(model)
    for key, shape in seen:
        names = list(serializer._value_picker.get_possible_keys(serialize.AttributePickerContext({}, key, shape)))
        assert len(names) > 1
        every = dict.fromkeys(reversed(names), 1) | {names[0]: 0}
        for result in ({}, {"Other": 1}, every, *({name: name} for name in names)):
            wanted = answering._get_value(serializer, result, key, shape)
            assert answering.get_value(serializer, result, key, shape) == wanted


def test_an_object_is_left_to_moto():
    model, seen = members("ecs", "DescribeClusters")
    key, shape = next((key, shape) for key, shape in seen if key == "clusterName")
    result = type("Cluster", (), {"name": "web"})()
    assert answering.get_value(writer_of(model), result, key, shape) == "web"


def writer_of(model):
    service = model.service_model
    writer = serialize.get_serializer_class(service.service_name, str(service.protocol))
    return writer(model, value_picker=serialize.XFormedAttributePicker())
