"""Small verbs over boto3 that change a running ECS-on-EC2 service without one failed request."""

import atexit
import gc

# An ending interpreter looks through all it has loaded for rings of garbage: 0.4 s of every command and every kernel.
# Whatever must reach the disk is written there long before.
atexit.register(gc.freeze)
