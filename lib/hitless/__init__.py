"""Small verbs over boto3 that change a running ECS-on-EC2 service without one failed request."""

import sys

# jsonschema would use it to check IRIs, of which no schema here has any; it builds its grammar anew in each process,
# and that takes a second: twice as long as everything else that `hitless list` does.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
