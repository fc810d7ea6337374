"""What Terraform makes, made with boto3 in seconds: hosts, load balancer, service, deployment group."""

import asyncio
import base64
import json
import urllib.request

from hitless.connect import connect
from hitless.images import build_release, push
from hitless.release import Gate, plan_release
from hitless.run_folder import open_run
from hitless.service import await_steady, read_service
from hitless.traffic import endpoint_url
from hitless.wait import wait_until

USER_DATA = base64.b64encode(b"echo ECS_CLUSTER=web >> /etc/ecs/ecs.config").decode()
CANARY = "CodeDeployDefault.ECSCanary10Percent5Minutes"
HOLD = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 30}
ROLE = "arn:aws:iam::123456789012:role/web"


class Web:
    """Three hosts, three tasks of version 1.0.0, a deployment group; what Terraform makes, made in seconds."""

    def __init__(self, tmp_path, *, alarm=True, hold=False):
        self.here, self.tmp_path = connect(), tmp_path
        self.call = self.here.client
        subnets, vpc_id = self._network()
        self._hosts(subnets)
        self.listeners = self._traffic(subnets, vpc_id)
        self._service()
        self._deployment_group(alarm, hold)
        self.stack = asyncio.run(await_steady(self.here, "web", "web", dry_run=False, say=str))

    def _network(self):
        ec2 = self.call("ec2")
        subnets = [s["SubnetId"] for s in ec2.describe_subnets()["Subnets"][:2]]
        return subnets, ec2.describe_vpcs()["Vpcs"][0]["VpcId"]

    def _hosts(self, subnets):
        data = {"ImageId": "ami-0a10000000000ec51", "InstanceType": "t3.medium", "UserData": USER_DATA}
        self.call("ec2").create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
        asg = self.call("autoscaling")
        template = {"LaunchTemplateName": "web", "Version": "1"}
        size = {"MinSize": 3, "MaxSize": 4, "DesiredCapacity": 3, "VPCZoneIdentifier": ",".join(subnets)}
        asg.create_auto_scaling_group(AutoScalingGroupName="web", LaunchTemplate=template, **size)
        arn = asg.describe_auto_scaling_groups()["AutoScalingGroups"][0]["AutoScalingGroupARN"]
        ecs = self.call("ecs")
        provider = {"autoScalingGroupArn": arn, "managedDraining": "ENABLED"}
        ecs.create_capacity_provider(name="web", autoScalingGroupProvider=provider)
        ecs.create_cluster(clusterName="web")
        strategy = [{"capacityProvider": "web", "weight": 1, "base": 0}]
        ecs.put_cluster_capacity_providers(
            cluster="web", capacityProviders=["web"], defaultCapacityProviderStrategy=strategy
        )

    def _traffic(self, subnets, vpc_id):
        elb = self.call("elbv2")
        self.groups = [self._target_group(name, vpc_id) for name in ("web-blue", "web-green")]
        balancer = elb.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"][0]
        self.balancer = balancer["LoadBalancerArn"]
        action = [{"Type": "forward", "TargetGroupArn": self.groups[0]}]
        made = [
            elb.create_listener(LoadBalancerArn=self.balancer, Protocol="HTTP", Port=port, DefaultActions=action)
            for port in (80, 8080)
        ]
        return [one["Listeners"][0]["ListenerArn"] for one in made]

    def _target_group(self, name, vpc_id):
        elb = self.call("elbv2")
        check = {"HealthCheckPath": "/healthz", "HealthCheckIntervalSeconds": 10}
        arn = elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc_id, **check)["TargetGroups"][0][
            "TargetGroupArn"
        ]
        delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "60"}]
        elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=delay)
        return arn

    def _service(self):
        self.call("ecr").create_repository(repositoryName="web")
        image = push(build_release("app", "1.0.0", "blue"), "web", ecr=self.call("ecr"))
        log = {"awslogs-group": "/web", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "app"}
        self.call("logs").create_log_group(logGroupName="/web")
        container = {
            "name": "app",
            "image": image,
            "cpu": 128,
            "memory": 128,
            "user": "1000",
            "environment": [{"name": "FRAMED_BY", "value": "loopback"}],
            "stopTimeout": 60,
            "portMappings": [{"containerPort": 8080, "hostPort": 0}],
            "logConfiguration": {"logDriver": "awslogs", "options": log},
        }
        roles = {"executionRoleArn": ROLE, "taskRoleArn": ROLE, "networkMode": "bridge"}
        ecs = self.call("ecs")
        ecs.register_task_definition(family="web", containerDefinitions=[container], **roles)
        ecs.create_service(
            cluster="web",
            serviceName="web",
            taskDefinition="web",
            desiredCount=3,
            deploymentController={"type": "CODE_DEPLOY"},
            capacityProviderStrategy=[{"capacityProvider": "web", "weight": 1, "base": 0}],
            loadBalancers=[{"targetGroupArn": self.groups[0], "containerName": "app", "containerPort": 8080}],
        )

    def _deployment_group(self, alarm, hold):
        self.call("cloudwatch").put_metric_alarm(
            AlarmName="web-5xx",
            Namespace="AWS/ApplicationELB",
            MetricName="HTTPCode_Target_5XX_Count",
            Dimensions=[{"Name": "LoadBalancer", "Value": self.balancer.partition("loadbalancer/")[2]}],
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        )
        deploy = self.call("codedeploy")
        deploy.create_application(applicationName="web", computePlatform="ECS")
        pair = {
            "targetGroups": [{"name": "web-blue"}, {"name": "web-green"}],
            "prodTrafficRoute": {"listenerArns": self.listeners[:1]},
            "testTrafficRoute": {"listenerArns": self.listeners[1:]},
        }
        ended = {"action": "TERMINATE", "terminationWaitTimeInMinutes": 1}
        deploy.create_deployment_group(
            applicationName="web",
            deploymentGroupName="web",
            serviceRoleArn=ROLE,
            deploymentConfigName=CANARY,
            deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            ecsServices=[{"serviceName": "web", "clusterName": "web"}],
            loadBalancerInfo={"targetGroupPairInfoList": [pair]},
            blueGreenDeploymentConfiguration={
                "deploymentReadyOption": HOLD if hold else {"actionOnTimeout": "CONTINUE_DEPLOYMENT"},
                "terminateBlueInstancesOnDeploymentSuccess": ended,
            },
            alarmConfiguration={"enabled": alarm, "alarms": [{"name": "web-5xx"}]},
            autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]},
        )

    def release(self, version, colour, faults="", failed_max=-1, approve="auto"):
        image = build_release("app", version, colour, faults)
        return self.run(plan_release(self.here, self.stack, image, version, "web"), version, failed_max, approve)

    def run(self, change, name, failed_max=-1, approve="auto"):
        run = open_run(self.here, "release", str(self.tmp_path / name), "test")
        gate = Gate(failed_max=failed_max, approve=approve)
        return asyncio.run(change.run(run, dry_run=False, gate=gate, probe_rate_per_s=400, say=str))

    def new_template_version(self):
        """A second version of the launch template, with a newer AMI."""
        data = {"ImageId": "ami-0a10000000000ec52"}
        template = {"LaunchTemplateName": "web", "SourceVersion": "1"}
        self.call("ec2").create_launch_template_version(**template, LaunchTemplateData=data)

    def until_quiet(self):
        """Let the alarm calm down and the tasks settle."""

        def is_quiet():
            alarm = self.call("cloudwatch").describe_alarms(AlarmNames=["web-5xx"])["MetricAlarms"][0]
            return alarm["StateValue"] == "OK" and read_service(self.here, self.stack).steady

        wait_until(is_quiet, bool, what="quiet", clock=self.here.clock, timeout_s=7200, every_s=10, say=str)

    def version(self):
        """What a user is answered by now."""
        url = endpoint_url(self.here, self.stack) + "/version"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)["version"]
