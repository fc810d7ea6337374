"""AWS Lambda as far as CodeDeploy's hooks need it: moto keeps the functions, their code is kept where it can be run.

A function runs when CodeDeploy invokes it (`awslab.dataplane.hooks`), never from here: Invoke is answered 501.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
import re
import zipfile
from typing import TYPE_CHECKING

from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse

from awslab.faces.inventory import AwsError
from awslab.functions import BadPackage, FunctionStore
from awslab.world import World

if TYPE_CHECKING:
    from awslab.lab import Lab

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
HANDLER = re.compile(r"[A-Za-z0-9_./-]+\.[A-Za-z0-9_]+")
TIMEOUT_DEFAULT_S, TIMEOUT_MAX_S = 3, 900
RUN_S_MIN = 1.0  # real seconds: what it takes to start boto3, send a request and say what came of it


def _missing(action: str):
    def answer(self) -> str:
        raise NotImplementedError(action)  # answered 501: moto's own would look for Docker

    return answer


class Face(LambdaResponse):
    """Functions and what they are made of."""

    signing_name = "lambda"
    world: World
    lab: Lab

    invoke = _missing("Invoke")
    invoke_async = _missing("InvokeAsync")

    def create_function(self) -> tuple:
        """CreateFunction, of Python code in a zip."""
        wanted = self.json_body
        if not NAME.fullmatch(wanted["FunctionName"]):
            raise _invalid(f"FunctionName {wanted['FunctionName']} must be 1 to 64 letters, digits, hyphens or _.")
        if wanted.get("PackageType", "Zip") != "Zip":
            raise _invalid("The lab runs functions from a zip, not from an image.")
        self._check_settings({"Timeout": TIMEOUT_DEFAULT_S, **wanted})
        _check_package(wanted["Code"])
        answer = super().create_function()
        self._keep(wanted["FunctionName"])
        return answer

    def update_function_code(self) -> tuple:
        """UpdateFunctionCode."""
        _check_package(self.json_body)
        answer = super().update_function_code()
        self._keep(self._name(-2))
        return answer

    def update_function_configuration(self) -> tuple:
        """UpdateFunctionConfiguration."""
        self._check_settings(self.json_body)
        answer = super().update_function_configuration()
        self._keep(self._name(-2))
        return answer

    def delete_function(self) -> tuple:
        """DeleteFunction."""
        name = self._function(self._name(-1)).function_name
        answer = super().delete_function()
        if not self._get_param("Qualifier", None):
            FunctionStore(self.lab.data).remove(name)
        return answer

    def _name(self, part: int) -> str:
        return self.path.split("/")[part]

    def _function(self, name_or_arn: str) -> LambdaFunction:
        return self.backend.get_function(name_or_arn.replace("%3A", ":"), None)

    def _check_settings(self, wanted: dict) -> None:
        if not str(wanted.get("Runtime", "python")).startswith("python"):
            raise _invalid(f"The lab runs Python functions only, not {wanted['Runtime']}.")
        if "Handler" in wanted and not HANDLER.fullmatch(wanted["Handler"]):
            raise _invalid(f"Handler {wanted['Handler']} must be <module>.<function>.")
        if "Timeout" in wanted:
            self._check_timeout(int(wanted["Timeout"]))

    def _check_timeout(self, timeout_s: int) -> None:
        if not 1 <= timeout_s <= TIMEOUT_MAX_S:
            raise _invalid(f"Timeout {timeout_s} must be 1 to {TIMEOUT_MAX_S} seconds.")
        rate = self.lab.clock.rate
        if getattr(self.lab.plane, "carries_real_requests", False) and timeout_s / rate < RUN_S_MIN:
            least = math.ceil(RUN_S_MIN * rate)
            raise _invalid(
                f"Timeout {timeout_s} s is {timeout_s / rate:.2g} s at this lab's rate, and a function needs "
                f"{RUN_S_MIN:g} s: give it {least} s, or run the lab with --rate {timeout_s / RUN_S_MIN:g} or less."
            )

    def _keep(self, name_or_arn: str) -> None:
        """Write a function where it can be run."""
        kept = self._function(name_or_arn)
        try:
            FunctionStore(self.lab.data).write(
                kept.code_bytes,
                name=kept.function_name,
                handler=kept.handler,
                environment=kept.environment_vars,
                timeout_s=float(kept.timeout),
                memory_mib=int(kept.memory_size),
            )
        except BadPackage as why:
            raise _invalid(str(why)) from why


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message)


def _check_package(code: dict) -> None:
    """Before anything is stored: a function keeps its old code when the new can't be unpacked."""
    if "ZipFile" not in code:
        return
    try:
        package = base64.b64decode(code["ZipFile"], validate=True)
    except binascii.Error as why:
        raise _invalid("ZipFile is not base64.") from why
    if not zipfile.is_zipfile(io.BytesIO(package)):
        raise _invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
