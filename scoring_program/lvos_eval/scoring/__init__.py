"""One submission against one reference: from masks to scores."""
