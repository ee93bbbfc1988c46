"""What is asked: settings, metadata and ground truth, and their checks."""
