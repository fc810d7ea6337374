mock_provider "aws" {
  source = "./mocks"
}

variables {
  name = "web"
}

run "a_cluster_is_observed" {
  command = plan

  module {
    source = "../modules/cluster"
  }

  assert {
    condition     = one(aws_ecs_cluster.this.setting).value == "enhanced"
    error_message = "Container Insights must be on by default."
  }
}

run "insights_have_three_levels" {
  command = plan

  module {
    source = "../modules/cluster"
  }

  variables {
    container_insights = "on"
  }

  expect_failures = [var.container_insights]
}
