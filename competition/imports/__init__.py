"""A CodaLab competition as it was exported, turned into a folder that bundles are built from."""
