"""The competition on Codabench and CodaLab: its settings and pages, the builder of both bundles, and their self-check."""
