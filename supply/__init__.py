"""What the program is made from: packages with known vulnerabilities, the digest of the base image, the content of the image."""
