# What somebody on call looks at first: is it answering, how fast, from how much capacity.

locals {
  balancer = ["LoadBalancer", var.load_balancer_suffix]
  group    = ["AutoScalingGroupName", var.autoscaling_group_name]

  graphs = [
    {
      title = "Requests a minute"
      stat  = "Sum"
      metrics = [
        concat(["AWS/ApplicationELB", "RequestCount"], local.balancer),
      ]
    },
    {
      title = "Errors a minute"
      stat  = "Sum"
      metrics = [
        concat(["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"], local.balancer),
        concat(["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count"], local.balancer),
        concat(["AWS/ApplicationELB", "TargetConnectionErrorCount"], local.balancer),
      ]
    },
    {
      title = "Latency, p99 (s)"
      stat  = "p99"
      metrics = [
        concat(["AWS/ApplicationELB", "TargetResponseTime"], local.balancer),
      ]
    },
    {
      title = "Healthy tasks by colour"
      stat  = "Minimum"
      metrics = [
        for colour in sort(keys(var.target_group_suffixes)) :
        concat(
          ["AWS/ApplicationELB", "HealthyHostCount"], local.balancer,
          ["TargetGroup", var.target_group_suffixes[colour], { label = colour }],
        )
      ]
    },
    {
      title = "Hosts"
      stat  = "Average"
      metrics = [
        for metric in ["GroupInServiceInstances", "GroupPendingInstances", "GroupTerminatingInstances"] :
        concat(["AWS/AutoScaling", metric], local.group)
      ]
    },
    {
      title = "Reserved on hosts (%)"
      stat  = "Average"
      metrics = [
        for metric in ["CPUReservation", "MemoryReservation"] :
        ["AWS/ECS", metric, "ClusterName", var.cluster_name]
      ]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    start          = "-PT3H"
    periodOverride = "inherit"
    widgets = concat(
      [{
        type       = "alarm"
        x          = 0
        y          = 0
        width      = 24
        height     = 2
        properties = { title = "Alarms", alarms = concat(var.alarm_arns, local.own_alarm_arns) }
      }],
      [for index, graph in local.graphs : {
        type   = "metric"
        x      = 12 * (index % 2)
        y      = 2 + 6 * floor(index / 2)
        width  = 12
        height = 6
        properties = {
          title   = graph.title
          region  = local.region
          view    = "timeSeries"
          stat    = graph.stat
          period  = 60
          metrics = graph.metrics
        }
      }],
    )
  })
}

locals {
  own_alarm_arns = concat(
    [aws_cloudwatch_metric_alarm.refresh_failed.arn],
    aws_cloudwatch_metric_alarm.healthy_hosts[*].arn,
  )
}
