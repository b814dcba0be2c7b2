"""What the papers say: one file, one method. Nothing here knows about the web page."""
