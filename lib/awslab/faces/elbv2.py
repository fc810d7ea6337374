"""Elastic Load Balancing (application): moto keeps the books, targets live, listeners are told to the data plane.

How a client finds a listener. On AWS it is `<DNSName>:<port>`. The lab listens on 127.0.0.1, on ports of its own. So
`DNSName` is 127.0.0.1 (resolvable everywhere, unlike a made-up name), and where a listener is really served is the
listener attribute `lab.endpoint` of DescribeListenerAttributes, e.g. `http://127.0.0.1:49153`. AWS has no such
attribute, and the Terraform provider reads only those it knows, so it makes no drift. A client asks
DescribeListenerAttributes, takes `lab.endpoint` if it is there, and `http://<DNSName>:<port>` otherwise.

Not imitated, and refused: HTTPS, rules other than the default one, default actions other than forward, stickiness, slow
start, algorithms other than round robin, health checks on another port.
"""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.elbv2.models import FakeListener
from moto.elbv2.responses import ELBV2Response

from awslab.faces import elbv2_books as books
from awslab.faces.elbv2_targets import TargetActions
from awslab.faces.honest_rate import check_durations
from awslab.faces.inventory import AwsError
from awslab.machines.listeners import Listeners
from awslab.machines.machine import Machine
from awslab.world import World

DNS_NAME = "127.0.0.1"
ENDPOINT = "lab.endpoint"  # listener attribute


def machines(world: World) -> list[Machine]:
    """The registry of listeners, and the mirror that writes weights into moto's books."""
    return [Listeners(), books.Mirror(Face.lab.region)]


class Face(TargetActions, ELBV2Response):
    """Elastic Load Balancing v2."""

    signing_name = "elasticloadbalancing"
    world: World

    # ---- load balancers

    def create_load_balancer(self) -> ActionResult:
        """CreateLoadBalancer: application load balancers only."""
        if self.params.get("Type", "application") != "application":
            raise AwsError("InvalidConfigurationRequest", "The lab imitates application load balancers only.")
        if any(one.name == self.params["Name"] for one in self.elbv2_backend.load_balancers.values()):
            raise AwsError("DuplicateLoadBalancerName", "A load balancer with the specified name already exists.")
        answer = super().create_load_balancer()
        answer.result["LoadBalancers"][0].dns_name = DNS_NAME
        return answer

    def delete_load_balancer(self) -> ActionResult:
        """DeleteLoadBalancer: its listeners go with it."""
        arn = self.params["LoadBalancerArn"]
        balancer = self.elbv2_backend.load_balancers.get(arn)
        if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
            message = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
            raise AwsError("OperationNotPermitted", message)
        return self._told(super().delete_load_balancer())

    def modify_load_balancer_attributes(self) -> ActionResult:
        """ModifyLoadBalancerAttributes; the idle timeout reaches the data plane."""
        low, high = books.IDLE_TIMEOUT_RANGE_S
        for one in self.params.get("Attributes") or []:
            if one["Key"] == books.IDLE_TIMEOUT and not (one["Value"].isdigit() and low <= int(one["Value"]) <= high):
                message = f"'{one['Key']}' value '{one['Value']}' must be between '{low}-{high}' inclusive"
                raise AwsError("ValidationError", message)
            if one["Key"] == books.IDLE_TIMEOUT:
                check_durations(self.lab, idle_timeout_s=float(one["Value"]))
        return self._told(super().modify_load_balancer_attributes())

    # ---- listeners

    def create_listener(self) -> ActionResult:
        """CreateListener: HTTP, one forward action."""
        self._check_protocol()
        balancer_arn = self.params["LoadBalancerArn"]
        weights = books.weights_of(self.params["DefaultActions"])
        books.check_association(weights, balancer_arn, self.region)
        self._check_port(balancer_arn)
        answer = super().create_listener()
        listener = answer.result["Listeners"][0]
        listener.ssl_policy = None  # HTTP has none
        rule = listener._default_rule[0]  # moto numbers it by its place in memory, which is not the same every time
        rule.arn = f"{listener.arn.replace(':listener/', ':listener-rule/')}/{listener.arn[:-17:-1]}"
        return self._told(answer)

    def modify_listener(self) -> ActionResult:
        """ModifyListener: weights count at once."""
        self._check_protocol()
        listener = self._listener()
        if "DefaultActions" in self.params:
            weights = books.weights_of(self.params["DefaultActions"])
            books.check_association(weights, listener.load_balancer_arn, self.region)
        self._check_port(listener.load_balancer_arn, but=listener.arn)
        return self._told(super().modify_listener())

    def delete_listener(self) -> ActionResult:
        """DeleteListener: the data plane closes it."""
        return self._told(super().delete_listener())

    def describe_listener_attributes(self) -> ActionResult:
        """DescribeListenerAttributes, and where the lab serves the listener."""
        answer = super().describe_listener_attributes()
        port = books.registry(self.world).listener_ports.get(self.params["ListenerArn"])
        found = {key: value for key, value in answer.result["Attributes"].items() if not key.startswith("tcp.")}
        endpoint = {ENDPOINT: f"http://127.0.0.1:{port}"} if port else {}
        return ActionResult({"Attributes": {**found, **endpoint}})

    # ---- rules

    def create_rule(self) -> ActionResult:
        """CreateRule: the lab routes by default actions alone."""
        raise _no_rules()

    def modify_rule(self) -> ActionResult:
        """ModifyRule: there are only default rules, and AWS does not let those be modified."""
        raise AwsError("OperationNotPermitted", f"Default rule '{self.params['RuleArn']}' cannot be modified")

    def set_rule_priorities(self) -> ActionResult:
        """SetRulePriorities: there are only default rules."""
        raise _no_rules()

    def delete_rule(self) -> ActionResult:
        """DeleteRule: there are only default rules, and AWS does not let those be deleted."""
        raise AwsError("OperationNotPermitted", f"Default rule '{self.params['RuleArn']}' cannot be deleted")

    # ---- checks

    def _told(self, answer: ActionResult) -> ActionResult:
        """Tell the machines what moto's books say now, then answer."""
        books.sync(self.world, self.region)
        return answer

    def _listener(self) -> FakeListener:
        listener = books.find_listener(self.params["ListenerArn"], self.region)
        if listener is None:
            raise AwsError("ListenerNotFound", "The specified listener does not exist.")
        return listener

    def _check_protocol(self) -> None:
        if self.params.get("Protocol", "HTTP") != "HTTP":
            raise AwsError("UnsupportedProtocol", "The lab's listeners speak HTTP only.")

    def _check_port(self, load_balancer_arn: str, but: str = "") -> None:
        balancer = self.elbv2_backend.load_balancers.get(load_balancer_arn)
        if balancer is None:
            raise AwsError("LoadBalancerNotFound", "One or more load balancers not found")
        port = self.params.get("Port")
        if port is not None and any(int(o.port) == port and o.arn != but for o in balancer.listeners.values()):
            raise AwsError("DuplicateListener", f"A listener already exists on port {port} for this load balancer")


def _no_rules() -> AwsError:
    return AwsError("InvalidConfigurationRequest", "The lab routes by listeners' default actions only, not by rules.")
