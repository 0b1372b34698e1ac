"""The image, without an engine that builds images."""
