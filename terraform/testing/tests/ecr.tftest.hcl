mock_provider "aws" {
  source = "./mocks"
}

variables {
  name = "web"
}

run "a_tag_never_moves" {
  command = plan

  module {
    source = "../modules/ecr"
  }

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE"
    error_message = "A tag that moves makes an approval worthless."
  }
}

run "releases_to_roll_back_to_are_kept" {
  command = plan

  module {
    source = "../modules/ecr"
  }

  variables {
    images_kept = 3
  }

  expect_failures = [var.images_kept]
}
