"""The application's side of the pipeline: upload, address, wait, replace, delete."""
