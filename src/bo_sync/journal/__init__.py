"""What an apply meant to do and did, on this machine's disk: written ahead, read back after whatever happened."""
