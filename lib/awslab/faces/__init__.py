"""One file an AWS service: the machines' state as AWS answers it. Only faces import moto."""
