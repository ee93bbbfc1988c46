"""What people see of a result: page, charts, pictures, documents, tables, and the folder that they are written to."""
