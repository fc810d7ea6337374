mock_provider "aws" {
  source = "./mocks"
}

run "the_readmes_examples_make_a_whole" {
  module {
    source = "./examples"
  }

  assert {
    condition     = startswith(module.traffic.urls.prod, "http://")
    error_message = "What a README shows must work."
  }
}
