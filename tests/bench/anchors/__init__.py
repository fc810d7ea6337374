"""What users of AWS emulators ask for, as one boto3 program for every emulator."""
