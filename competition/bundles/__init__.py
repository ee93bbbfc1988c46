"""What writes a bundle: reference data checked and sealed, pages and starting kit filled in, zips the same to the byte."""
